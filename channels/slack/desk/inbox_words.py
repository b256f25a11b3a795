"""Words in the thread of a case: to the customer, or inside; changed, taken back, with files.

Above: `inbox`. Below: `channels.desk_acts`, `inbox_text`, `people`, `inbox_case`, `telling`. What
went to the customer is marked for everybody to see, and its author gets a way to take it back.
"""

from __future__ import annotations

from datetime import timedelta
from secrets import token_hex
from typing import Final

import structlog

from channels.desk_words import Words, read_words
from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.desk import ids
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import safe
from channels.slack.desk.inbox_case import CaseNow, Cases, first_of
from channels.slack.desk.inbox_files import read_shared
from channels.slack.desk.inbox_reading import Reacted, Said
from channels.slack.desk.inbox_text import read_typed
from channels.slack.desk.people import People, Person, Refusal
from channels.slack.desk.telling import Teller
from channels.slack.settings import SlackSettings
from core.errors import Conflict, InputError, SwitchboardError
from core.ids import ConversationId, EventId, desk_act_id, desk_message_id, parse_desk_id
from core.messages import Address, Attachment, Entry
from core.tickets.opening import number_of_note, read_opening

_log = structlog.get_logger("slack")
# The longest that Slack lets a person write; delivery splits it as each channel wants.
MOST_TEXT: Final = 40_000
_TOLD_SECONDS = 86_400
_LOOK_SECONDS = 5
OUT, INSIDE, WITHDRAWN = "outbox_tray", "lock", "no_entry_sign"


class ThreadWords:
    """What is said in threads."""

    def __init__(
        self, api: SlackApi, settings: SlackSettings, backing: Backing, people: People,
        cases: Cases, teller: Teller,
    ) -> None:  # fmt: skip
        self._api = api
        self._settings = settings
        self._backing = backing
        self._people = people
        self._cases = cases
        self._teller = teller

    async def take(self, said: Said) -> None:
        """One message, edit or removal in a thread. Talk in threads that are no case's is
        ignored."""
        if said.is_bot:
            return
        conversation = await self._cases.of_thread(said.channel, said.thread)
        if conversation is None:
            return
        person = await self._people.admit(said.user, said.channel, is_there=True)
        if isinstance(person, Refusal):
            await self._refuse(said, conversation, person)
            return
        try:
            if said.removed:
                await self._removed(said, conversation, person)
            elif said.edited:
                await self._edited(said, conversation, person)
            else:
                await self._new(said, conversation, person)
        except Conflict:  # it was taken before, when a name in it read otherwise
            _log.info("slack_desk_repeated", conversation=conversation)
        except InputError as error:
            await self._whisper(said, f":warning: It did not go out: {safe(str(error))}.")

    async def take_sign(self, sign: Reacted) -> None:
        """The author's own emoji on their reply takes it back."""
        if sign.emoji != self._settings.desk_undo_emoji:
            return
        thread = await self._thread_of(sign.channel, sign.ts)
        conversation = await self._cases.of_thread(sign.channel, thread) if thread else None
        if conversation is None or thread is None:
            return
        person = await self._people.admit(sign.user, sign.channel)
        if isinstance(person, Refusal):
            return
        own = await self._people.own()
        entry = await self._sent(conversation, desk_message_id(own.team, sign.channel, sign.ts))
        if entry is not None:
            answer = await self.take_back(conversation, entry, person)
            await self._teller.whisper(sign.user, sign.channel, thread, answer)

    async def take_back(self, conversation: ConversationId, entry: Entry, person: Person) -> str:
        """Undo a reply that went to the customer; what its author is told."""
        if entry.author.id != person.author.id or entry.kind != "message":
            return "Only who wrote a reply takes it back."
        late = timedelta(seconds=self._settings.desk_undo_seconds)
        if self._backing.now() - entry.at > late:
            return (
                "It is too late for that: the customer may have read it. Delete or edit your "
                "message here; the thread says what the customer's channel made of it."
            )
        await self._delete(conversation, entry, person)
        return ":leftwards_arrow_with_hook: Taken back. Here it stays, for the team."

    async def send_kept(self, conversation: ConversationId, entry: Entry, person: Person) -> str:
        """A note of this person goes to the customer after all; what they are told."""
        if entry.author.id != person.author.id or entry.kind != "note":
            return "Only who wrote a note sends it."
        done = await self._backing.acts.say(
            conversation, "message", entry.text, author=person.author,
            attachments=entry.attachments, act=_sent_id(entry.id), most=MOST_TEXT,
        )  # fmt: skip
        return "It went out before." if done.duplicate else ":outbox_tray: Sent to the customer."

    async def _new(self, said: Said, conversation: ConversationId, person: Person) -> None:
        case = await self._cases.now(conversation)
        words = await self._read(said)
        kind = words.kind(all_notes=case.standing.all_notes)
        files, lost = await self._files(said, conversation)
        for line in lost:
            await self._whisper(said, line)
        if not words.text and not files:
            if not lost:
                await self._whisper(said, "There is nothing in it that could go anywhere.")
            return
        own = await self._people.own()
        name = desk_message_id(own.team, said.channel, said.ts)
        done = await self._backing.acts.say(
            conversation, kind, words.text, author=person.author, act=name, attachments=files,
            most=MOST_TEXT,
        )  # fmt: skip
        if done.duplicate:
            return
        _log.info("slack_desk_said", conversation=conversation, kind=kind, who=person.author.id)
        await self._teller.mark(said.channel, said.ts, OUT if kind == "message" else INSIDE)
        await self._tell_author(said, case, words, kind, name, person)
        for file in files:
            await self._teller.later(self._fetch(said, file))

    async def _tell_author(
        self, said: Said, case: CaseNow, words: Words, kind: str, name: EventId, person: Person
    ) -> None:
        """Where their words went, and the way back."""
        value = ids.button_value(case.head.id, entry=name)
        if kind == "message" and self._settings.desk_undo_seconds > 0:
            seconds = f"{self._settings.desk_undo_seconds:g}"
            text = (
                f":{OUT}: To the customer as *{safe(person.author.name)}*. Undo within {seconds} s."
            )
            await self._whisper(said, text, (ids.UNDO, "Undo", value))
        elif kind == "note" and read_opening(words.text) is not None:
            number = number_of_note(name)
            await self._whisper(said, f":ticket: Ticket {number} is opened; this line is a note.")
        elif kind == "note" and words.said is None:
            text = f":{INSIDE}: Kept inside: in this case all plain words are notes."
            await self._whisper(said, text, (ids.SEND_NOTE, "Send to the customer", value))

    async def _edited(self, said: Said, conversation: ConversationId, person: Person) -> None:
        """An edit of a reply is the customer's too; one that makes a note of it takes it back.
        Notes stay notes: nothing gets out by an edit."""
        own = await self._people.own()
        name = desk_message_id(own.team, said.channel, said.ts)
        words = await self._read(said)
        mark = desk_act_id(own.team, said.channel, said.ts, "edit", said.edited)
        entry = await self._sent(conversation, name)
        if entry is None or entry.author.id != person.author.id:
            if await self._cases.entry(conversation, name) is not None and words.text:
                await self._say_note(conversation, words.text, mark, person)
                if words.said == "message":
                    await self._whisper(said, "A note stays a note: write it anew to send it.")
            return
        if words.said == "note":
            await self._delete(conversation, entry, person)
            await self._say_note(conversation, words.text, mark, person)
            await self._whisper(said, f":{INSIDE}: Taken back from the customer; it is a note now.")
            return
        if not words.text and not entry.attachments:
            return
        done = await self._backing.acts.control(
            conversation, "edit", author=person.author, reason=None, act=mark, value=entry.id,
            text=words.text,
        )  # fmt: skip
        if not done.duplicate:
            await self._whisper(said, ":pencil2: The customer gets your new words.")

    async def _removed(self, said: Said, conversation: ConversationId, person: Person) -> None:
        own = await self._people.own()
        name = desk_message_id(own.team, said.channel, said.ts)
        entry = await self._sent(conversation, name)
        if entry is None or entry.author.id != person.author.id:
            return
        if await self._delete(conversation, entry, person):
            await self._whisper(said, ":wastebasket: It is taken back from the customer as well.")

    async def _delete(self, conversation: ConversationId, entry: Entry, person: Person) -> bool:
        """Take a message of theirs back, once, however it was asked for."""
        done = await self._backing.acts.control(
            conversation, "delete", author=person.author, reason=None, value=entry.id,
            act=EventId(f"{entry.id}:delete:1"),
        )  # fmt: skip
        place = parse_desk_id(entry.id)
        if place is not None and not done.duplicate:
            await self._teller.mark(place[1], place[2], WITHDRAWN)
        return not done.duplicate

    async def _say_note(
        self, conversation: ConversationId, text: str, act: EventId, person: Person
    ) -> None:
        if text:
            await self._backing.acts.say(
                conversation, "note", text, author=person.author, act=act, most=MOST_TEXT
            )

    async def _sent(self, conversation: ConversationId, name: EventId) -> Entry | None:
        """What the customer got of the message of this name."""
        for one in (name, _sent_id(name)):
            entry = await self._cases.entry(conversation, one)
            if entry is not None and entry.kind == "message":
                return entry
        return None

    async def _read(self, said: Said) -> Words:
        own = await self._people.own()
        return read_words(await read_typed(said.text, self._people.name, own_user=own.user))

    async def _files(
        self, said: Said, conversation: ConversationId
    ) -> tuple[tuple[Attachment, ...], list[str]]:
        """The files that can be had, under ids of ours, and a line about each that cannot."""
        files = self._backing.files
        most = files.settings.max_bytes if files else 0
        good, lost = read_shared(said.files, self._api.url, most_bytes=most)
        if files is None:
            return (), [*lost, *(f":warning: {safe(one.name)}: there is no store." for one in good)]
        home = Address(channel="slack", account=self._settings.account, chat=said.channel)
        return tuple([await files.settle(one, home, conversation) for one in good]), lost

    async def _fetch(self, said: Said, file: Attachment) -> None:
        """Get the bytes now, so that they are ours whatever becomes of them in Slack."""
        if self._backing.files is None or file.id is None:
            return
        try:
            await self._backing.files.open(file.id)
        except SwitchboardError as error:
            _log.warning("slack_desk_file_failed", code=error.code, error=str(error))
            why = f"({error.code}): {safe(str(error))}"
            await self._whisper(said, f":warning: {safe(file.name)} could not be fetched {why}")

    async def _thread_of(self, slack_channel_id: str, ts: str) -> str | None:
        """In which thread a message is; Slack does not say with an emoji."""
        try:
            page = await self._api.call(
                "conversations.replies", form=True, channel=slack_channel_id, ts=ts, limit=1
            )
        except SlackRefused:
            return None
        first: Json = first_of(page)
        root = first.get("thread_ts")
        return str(root) if root else None

    async def _refuse(self, said: Said, conversation: ConversationId, refusal: Refusal) -> None:
        """Not relayed; they are told once why, and the log knows."""
        _log.warning(
            "slack_desk_refused", reason=refusal.code, who=said.user, conversation=conversation
        )
        if said.removed or said.edited:
            return
        place, log = f"{said.channel}:{said.ts}", self._backing.log
        await log.use_once(conversation, f"refused:{place}", by="us", seconds=_TOLD_SECONDS)
        first = await log.use_once(
            conversation, f"told:{place}", by=token_hex(8), seconds=_TOLD_SECONDS
        )
        if first and refusal.why:
            await self._whisper(said, f":no_entry: {refusal.why}")

    async def was_refused(self, conversation: ConversationId, said: Said) -> bool:
        """True if this was refused when it was said: it stays so, whoever its author is by now."""
        place = f"{said.channel}:{said.ts}"
        return not await self._backing.log.use_once(
            conversation, f"refused:{place}", by="look", seconds=_LOOK_SECONDS
        )

    async def _whisper(
        self, said: Said, text: str, offer: tuple[str, str, str] | None = None
    ) -> None:
        await self._teller.whisper(said.user, said.channel, said.thread, text, offer)


def _sent_id(name: str) -> EventId:
    """Of a note that was sent to the customer after all."""
    return EventId(f"{name}:sent:1")
