"""What a sent modal does: its fields are checked, then there is one act.

Above: `actions`. Below: `channels.desk_acts`, `inbox_case`, `people`, `core.returning`. A modal may
have been open for long: the case is looked at again. The act is named after the modal, so that
sending it twice is sending it once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from channels.slack.api import Json
from channels.slack.desk import modals
from channels.slack.desk.backing import Article, Backing
from channels.slack.desk.blocks import safe
from channels.slack.desk.inbox_case import CaseNow, Cases
from channels.slack.desk.inbox_reading import Submitted
from channels.slack.desk.people import People, Person, Refusal
from core.approvals.records import Approval
from core.errors import NotFound
from core.escalation.folding import PRIORITIES
from core.escalation.hours import Hours
from core.ids import ConversationId, EventId, desk_take_id, desk_view_id
from core.messages import ControlAction, format_time
from core.returning import make_return

CLOSED: Final = "This case is closed. A word of yours in the thread still reaches the customer."
_MORNING, _LONGEST_STAMP = 9, 11
_MINUTES = frozenset({"30", "120"})
_LONGEST_REST = timedelta(days=180)
_TOO_LATE = frozenset({modals.SAVE})
Send = Callable[[Submitted, CaseNow, Person, EventId], Awaitable[Json | None]]


class Forms:
    """The modals of the desk."""

    def __init__(self, backing: Backing, people: People, cases: Cases) -> None:
        self._backing = backing
        self._people = people
        self._cases = cases
        self._table: dict[str, Send] = {
            modals.TAKE: self._take, modals.RELEASE: self._release, modals.ASSIGN: self._assign,
            modals.SNOOZE: self._snooze, modals.PRIORITY: self._priority,
            modals.RESOLVE: self._resolve, modals.SAVE: self._save, modals.DRAFT: self._draft,
            modals.DECIDE: self._decide,
        }  # fmt: skip

    async def take(self, form: Submitted, person: Person) -> Json | None:
        """One modal; None closes it. Raises `InputError` with what is wrong."""
        send, named = self._table.get(form.form), form.kept.get("c")
        if send is None or named is None:
            raise NotFound("this window is none of ours")
        conversation, act = ConversationId(str(named)), desk_view_id(form.view)
        if await self._cases.entry(conversation, act) is not None:
            return None  # sent again
        case = await self._cases.now(conversation)
        older = form.kept.get("case") not in {None, case.head.case}
        if form.form not in _TOO_LATE and (case.is_closed or older):
            return _show(CLOSED)
        return await send(form, case, person, act)

    async def take_over(self, case: CaseNow, person: Person) -> str | None:
        """Take it; of several who press at once the first has it."""
        act = desk_take_id(case.head.id, case.head.epoch)
        done = await self._act(case, "take", person, act)
        if not done:
            return None
        now = await self._cases.now(case.head.id)
        if now.is_held_by(person):
            return None
        return f"{safe(now.standing.holder or 'Somebody')} was faster."

    async def assign(
        self, case: CaseNow, person: Person, user: str, slack_channel_id: str, act: EventId
    ) -> str | None:
        """Give it to somebody who may act; what is wrong with them, if anything is."""
        to = await self._people.admit(user, slack_channel_id)
        if isinstance(to, Refusal):
            return "They are not among those who answer customers."
        await self._act(case, "assign", person, act, value=to.author.name)
        return None

    async def prioritise(
        self, case: CaseNow, person: Person, priority: str, act: EventId
    ) -> str | None:
        """Set it."""
        if priority not in PRIORITIES:
            return "There is no such priority."
        await self._act(case, "prioritise", person, act, value=priority)
        return None

    async def approval(self, case: CaseNow, name: object) -> Approval | None:
        """The waiting act of this number, if it is of this conversation."""
        if self._backing.approvals is None or not isinstance(name, str):
            return None
        found = await self._backing.approvals.find(name)
        return found if found and found.subject.conversation == case.head.id else None

    async def _act(
        self, case: CaseNow, action: ControlAction, person: Person, act: EventId, *,
        reason: str | None = None, value: str | None = None,
    ) -> bool:  # fmt: skip
        """Do it; True if it was done before under this name."""
        done = await self._backing.acts.control(
            case.head.id, action, author=person.author, reason=reason, act=act, value=value
        )
        return done.duplicate

    async def _take(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        late = await self.take_over(case, person)
        return _show(late) if late else None

    async def _release(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        if case.head.owner != "human":
            return _show("The AI has it already.")
        record = make_return(
            decided=form.fields.get("decided", ""),
            promised=form.fields.get("promised", "").splitlines(),
            still_open=form.fields.get("open", "").splitlines(),
        )
        await self._act(case, "release", person, act, value=record.dump())
        return None

    async def _assign(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        place = str(form.kept.get("ch") or "")
        wrong = await self.assign(case, person, form.fields.get("to", ""), place, act)
        return _errors("to", wrong) if wrong else None

    async def _snooze(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        if form.fields.get("pause") == "none":
            await self._act(case, "snooze", person, act, value="")
            return None
        now = self._backing.now()
        until = read_pause(form.fields, now, self._backing.hours)
        if until is None or not now < until <= now + _LONGEST_REST:
            return _errors("until", "Choose a time that is still to come, within half a year.")
        await self._act(case, "snooze", person, act, value=format_time(until))
        return None

    async def _priority(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        wrong = await self.prioritise(case, person, form.fields.get("priority", ""), act)
        return _errors("priority", wrong) if wrong else None

    async def _resolve(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        code, more = form.fields.get("reason", ""), form.fields.get("more", "").strip()
        label = dict(modals.REASONS).get(code)
        if label is None:
            return _errors("reason", "Choose how it ended.")
        reason = f"{label}: {' '.join(more.split())}" if more else label
        await self._act(case, "close", person, act, reason=reason[:500])
        return None

    async def _save(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        question, answer = form.fields.get("question", ""), form.fields.get("answer", "")
        for name, words in (("question", question), ("answer", answer)):
            if len(words.strip()) < 3:
                return _errors(name, "Write it out.")
        if self._backing.put_forward is None:
            return _show("There is no knowledge base to save to.")
        category = form.fields.get("category", "").strip() or None
        article = Article(
            question.strip(), answer.strip(), category, form.fields.get("language") or "en"
        )
        entry = await self._backing.put_forward(case.head, article, person.author)
        await self._act(case, "save", person, act, value=entry)
        return _show(":books: Put forward. It answers customers once it is reviewed.")

    async def _draft(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        draft = str(form.kept.get("draft") or "")
        kept = next((one for one in case.entries if one.id == draft and one.kind == "draft"), None)
        if kept is None:
            raise NotFound("this draft is no more")
        text = form.fields.get("text", "").strip()
        if not text:
            return _errors("text", "Write something.")
        await self._backing.acts.send_draft(
            case.head.id, draft, text, author=person.author, in_reply_to=kept.in_reply_to
        )
        return None

    async def _decide(
        self, form: Submitted, case: CaseNow, person: Person, act: EventId
    ) -> Json | None:
        approval, do = await self.approval(case, form.kept.get("approval")), form.kept.get("do")
        if approval is None or self._backing.approvals is None or do not in {"approve", "reject"}:
            raise NotFound("no such approval")
        await self._backing.approvals.decide(
            approval.id, "approve" if do == "approve" else "reject",
            by=f"{person.author.name} ({person.author.id})",
            comment=form.fields.get("comment", "").strip()[:500] or None,
        )  # fmt: skip
        return None


def read_pause(fields: dict[str, str], now: datetime, hours: Hours) -> datetime | None:
    """Until when a case rests; None where no time was given."""
    pause = fields.get("pause", "")
    if pause == "pick":
        stamp = fields.get("until", "")
        readable = stamp.isascii() and stamp.isdecimal() and len(stamp) <= _LONGEST_STAMP
        return datetime.fromtimestamp(int(stamp), UTC) if readable else None
    if pause == "opening":
        return tomorrow_at_opening(now, hours)
    return now + timedelta(minutes=int(pause)) if pause in _MINUTES else None


def tomorrow_at_opening(now: datetime, hours: Hours) -> datetime:
    """When the desk opens tomorrow, or on the next day on which it does; nine o'clock where it is
    always open."""
    local = now.astimezone(ZoneInfo(hours.zone)) + timedelta(days=1)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    opens = hours.next_open(midnight)
    if opens is None or opens == midnight:
        return midnight.replace(hour=_MORNING).astimezone(UTC)
    return opens.astimezone(UTC)


def _show(text: str) -> Json:
    """In place of the modal."""
    return {"response_action": "update", "view": modals.say(text)}


def _errors(field: str, text: str) -> Json:
    """Beside the field; the modal stays open."""
    return {"response_action": "errors", "errors": {field: text}}
