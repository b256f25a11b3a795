"""The buttons of the desk and the modals behind them: each press is checked, then one act.

Above: `inbox`. Below: `action_forms` (what a sent modal does), `modals`, `inbox_case`, `people`,
`channels.desk_acts`. A press counts if its message is ours and shows the conversation that it
names, and if whoever pressed may act; one that comes too late is told so and does nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from channels.slack.api import Json, SlackApi
from channels.slack.desk import ids, modals
from channels.slack.desk.action_forms import CLOSED, Forms
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import quote, safe
from channels.slack.desk.home import Home
from channels.slack.desk.inbox_case import CaseNow, Cases, last_words
from channels.slack.desk.inbox_reading import Pressed, Submitted
from channels.slack.desk.inbox_words import ThreadWords
from channels.slack.desk.people import People, Person, Refusal
from channels.slack.desk.telling import Teller
from core.conversation import Head
from core.drafts import current_draft
from core.errors import ChannelError, Conflict, InputError, NotFound, SwitchboardError
from core.ids import ConversationId, EventId, desk_act_id
from core.messages import Entry

_log = structlog.get_logger("slack")
# What is also done with a case that is over.
_ALWAYS = frozenset({ids.SAVE, ids.TRANSLATE, ids.UNDO, ids.SEND_NOTE, ids.OPEN})
_FORGED = "This button does not belong to this thread."
_LATE = "This is over: somebody was faster, or the case went on."
Do = Callable[[Pressed, CaseNow, Person], Awaitable[str | None]]


class Actions:
    """What the buttons do."""

    def __init__(
        self, api: SlackApi, backing: Backing, people: People, cases: Cases, teller: Teller,
        words: ThreadWords, home: Home,
    ) -> None:  # fmt: skip
        self._api = api
        self._backing = backing
        self._people = people
        self._cases = cases
        self._teller = teller
        self._words = words
        self._home = home
        self._forms = Forms(backing, people, cases)
        self._table: dict[str, Do] = {
            ids.TAKE: self._take, ids.RELEASE: self._release, ids.ASSIGN: self._assign,
            ids.SNOOZE: self._snooze, ids.PRIORITY: self._priority,
            ids.TRANSLATE: self._translate, ids.RESOLVE: self._resolve, ids.SAVE: self._save,
            ids.DRAFT_SEND: self._draft_send, ids.DRAFT_EDIT: self._draft_edit,
            ids.DRAFT_DISCARD: self._draft_discard, ids.UNDO: self._undo,
            ids.NOTES: self._notes, ids.SEND_NOTE: self._send_note,
            ids.APPROVE: self._decide, ids.REJECT: self._decide,
        }  # fmt: skip

    async def press(self, press: Pressed) -> None:
        """One press. What comes of it is said to the presser alone; the thread shows the act."""
        if press.action == ids.OPEN:
            return
        if press.action in {ids.DUTY_ON, ids.DUTY_OFF}:
            await self._home.set_duty(press.user, on=press.action == ids.DUTY_ON)
            await self._teller.later(self._home.publish(press.user))
            return
        do = self._table.get(press.action)
        if do is None or not press.channel:
            _log.info("slack_desk_press_unknown", action=press.action)
            return
        person = await self._people.admit(press.user, press.channel)
        if isinstance(person, Refusal):
            self._note_refusal(press, person.code)
            await self._answer(press, f":no_entry: {person.why}" if person.why else None)
            return
        try:
            answer = await self._checked(press, person, do)
        except Conflict:
            answer = _LATE
        except InputError as error:
            answer = f":warning: {safe(str(error))}"
        await self._answer(press, answer)

    async def submit(self, form: Submitted) -> Json | None:
        """A modal was sent; what Slack shows instead of it."""
        person = await self._people.admit(form.user, str(form.kept.get("ch") or ""))
        if isinstance(person, Refusal):
            _log.warning("slack_desk_refused", reason=person.code, who=form.user, form=form.form)
            return _update(person.why or _FORGED)
        try:
            return await self._forms.take(form, person)
        except Conflict:
            return _update(_LATE)
        except InputError as error:
            return _update(f":warning: {safe(str(error))}")

    async def _checked(self, press: Pressed, person: Person, do: Do) -> str | None:
        conversation = await self._about(press)
        if conversation is None:
            self._note_refusal(press, "forged")
            return _FORGED
        try:
            case = await self._cases.now(conversation)
        except NotFound:
            return "This conversation is no more."
        older = press.value.get("case") not in {None, case.head.case}
        if press.action not in _ALWAYS and (case.is_closed or older):
            return CLOSED
        return await do(press, case, person)

    async def _about(self, press: Pressed) -> ConversationId | None:
        """The conversation that the button names, if its message is ours and stands in the thread
        of that conversation."""
        named = press.value.get("c")
        if named is None or not press.thread:
            return None
        if not press.private and press.poster != (await self._people.own()).bot:
            return None
        if press.marked is not None and press.marked != named:
            return None
        found = await self._cases.of_thread(press.channel, press.thread)
        return found if found == named else None

    def _note_refusal(self, press: Pressed, reason: str) -> None:
        _log.warning(
            "slack_desk_refused", reason=reason, who=press.user, action=press.action,
            channel=press.channel,
        )  # fmt: skip

    async def _answer(self, press: Pressed, text: str | None) -> None:
        if text:
            await self._teller.whisper(press.user, press.channel, press.thread, text)

    async def _open(
        self, press: Pressed, case: CaseNow, build: Callable[[str], Any], **more: str
    ) -> str | None:
        """Open a modal, which brings back what it is about."""
        kept = ids.button_value(
            case.head.id, ch=press.channel, th=press.thread, case=case.head.case, **more
        )
        try:
            await self._api.call("views.open", trigger_id=press.trigger, view=build(kept))
        except ChannelError as error:
            _log.warning("slack_modal_failed", action=press.action, error=str(error))
            return f":warning: The window did not open ({safe(str(error))}). Press again."
        return None

    async def _take(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        holder = case.standing.holder if case.standing.owner == "human" else None
        if holder is not None and case.is_held_by(person):
            return "You have it already."
        if holder is not None:
            return await self._open(press, case, lambda kept: modals.ask_take(kept, holder))
        return await self._forms.take_over(case, person)

    async def _release(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        if case.head.owner != "human":
            return "The AI has it already."
        promises = [one.text for one in case.standing.promises]
        return await self._open(press, case, lambda kept: modals.ask_return(kept, promises))

    async def _assign(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        if press.chosen:
            return await self._forms.assign(
                case, person, press.chosen, press.channel, await self._name(press)
            )
        return await self._open(press, case, modals.ask_assign)

    async def _snooze(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        return await self._open(press, case, modals.ask_snooze)

    async def _priority(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        chosen = press.value.get("priority")
        if isinstance(chosen, str):
            return await self._forms.prioritise(case, person, chosen, await self._name(press))
        now = case.head.priority or case.standing.priority or "medium"
        return await self._open(press, case, lambda kept: modals.ask_priority(kept, now))

    async def _resolve(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        return await self._open(press, case, modals.ask_resolve)

    async def _save(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        if self._backing.put_forward is None:
            return "There is no knowledge base to save to."
        question, answer = last_words(case.entries)
        language = (question.language if question else None) or case.head.language or "en"
        return await self._open(
            press, case,
            lambda kept: modals.ask_save(
                kept, question.text if question else "", answer.text if answer else "", language
            ),
        )  # fmt: skip

    async def _translate(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        said = last_words(case.entries)[0]
        if said is None:
            return "The customer has not written yet."
        wanted = self._backing.language
        known = next(
            (one.text for one in reversed(case.entries)
             if one.reason == "translation" and one.in_reply_to == said.seq), None,
        )  # fmt: skip
        if known is None and said.original is not None:
            known = said.text
        if known:
            return _translated(wanted, known)
        found = said.language or case.head.language or "not known"
        if found == wanted:
            return f"It is in *{safe(found)}* already."
        if self._backing.translate is None:
            return f"Language: *{safe(found)}*. There is no model that could translate it."
        await self._teller.later(self._translate_now(press, case.head, said))
        return None

    async def _translate_now(self, press: Pressed, head: Head, said: Entry) -> None:
        """Nobody waits for a translation; it is told when it is there."""
        wanted, translate = self._backing.language, self._backing.translate
        try:
            text = await translate(head, said, wanted) if translate else None
        except SwitchboardError as error:
            await self._answer(press, f":warning: It could not be translated: {safe(str(error))}.")
            return
        same = f"It seems to be in *{safe(wanted)}* already."
        await self._answer(press, _translated(wanted, text) if text else same)

    async def _draft_send(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        draft = _draft_of(case, press)
        if draft is None:
            return _LATE
        done = await self._backing.acts.send_draft(
            case.head.id, draft.id, draft.text, author=person.author, in_reply_to=draft.in_reply_to
        )
        return "It went out before." if done.duplicate else None

    async def _draft_edit(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        draft = _draft_of(case, press)
        if draft is None:
            return _LATE
        if len(draft.text) > 3_000:
            return "It is too long for a window: copy it, and answer in the thread."
        return await self._open(
            press, case, lambda kept: modals.ask_draft(kept, draft.text), draft=draft.id
        )

    async def _draft_discard(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        draft = _draft_of(case, press)
        if draft is None:
            return _LATE
        await self._backing.acts.control(
            case.head.id, "discard", author=person.author, reason=None, value=draft.id,
            act=EventId(f"{draft.id}:discard"),
        )  # fmt: skip
        return None

    async def _undo(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        entry = await self._cases.entry(case.head.id, str(press.value.get("entry")))
        return await self._words.take_back(case.head.id, entry, person) if entry else _LATE

    async def _send_note(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        entry = await self._cases.entry(case.head.id, str(press.value.get("entry")))
        return await self._words.send_kept(case.head.id, entry, person) if entry else _LATE

    async def _notes(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        """The button says which way; one that does not turns it over."""
        asked = press.value.get("on")
        on = not case.standing.all_notes if asked is None else bool(asked)
        if on == case.standing.all_notes:
            return "It is so already."
        await self._backing.acts.keep_inside(
            case.head.id, on, author=person.author, act=await self._name(press)
        )
        return None

    async def _decide(self, press: Pressed, case: CaseNow, person: Person) -> str | None:
        approval = await self._forms.approval(case, press.value.get("approval"))
        if approval is None:
            return _FORGED
        if approval.status != "waiting":
            return f"It was decided before, by {safe(approval.decided_by or 'somebody')}."
        yes = press.action == ids.APPROVE
        return await self._open(
            press, case, lambda kept: modals.ask_decision(kept, approval, approve=yes),
            approval=approval.id, do="approve" if yes else "reject",
        )  # fmt: skip

    async def _name(self, press: Pressed) -> EventId:
        """The press as an event: the same when Slack tells of it again."""
        team = (await self._people.own()).team
        return desk_act_id(team, press.channel, press.ts, "press", press.stamp)


def _draft_of(case: CaseNow, press: Pressed) -> Entry | None:
    """The draft that the button is under, if it can still be sent."""
    draft = current_draft(case.entries)
    return draft if draft is not None and draft.id == press.value.get("draft") else None


def _translated(language: str, text: str) -> str:
    return f"*In {safe(language)}:*\n{quote(text, 2500)}"


def _update(text: str) -> Json:
    return {"response_action": "update", "view": modals.say(text)}
