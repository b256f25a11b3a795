"""Tickets follow their conversations: what is said there, in whatever channel, moves them.

Above: the role `archive`, whose follower calls it with each batch of the journal, in the
transaction that archives it. Below: `answering`, `writing`, `opening`. So whatever was said moves a
ticket once, however often it is read, and also days later; what happened to the ticket since then
counts more.

A customer's words open again what was done, unless they only say thank you. A person's are the
first reply. A note of the desk may open a ticket; so does a mail, if the settings say so. What the
archive has of later is told to a ticket as it is opened: records may come in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.follower import Also
from core.archive.tables import entries
from core.bus.journal import JournalRecord
from core.customers.records import Subject
from core.errors import Conflict, NotFound
from core.escalation.answers import is_thanks
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Log
from core.tickets.answering import answer
from core.tickets.opening import key_of_note, read_opening, split_subject
from core.tickets.records import Actor, NewTicket, Origin, Side, Ticket, TicketChange
from core.tickets.rows import read_short
from core.tickets.settings import TicketSettings
from core.tickets.states import DONE
from core.tickets.tables import ticket_conversations, tickets
from core.tickets.writing import change_ticket, open_ticket

_SIDES: dict[str, Side] = {
    "customer": "customer", "human_agent": "desk", "ai": "ai", "system": "system",
}  # fmt: skip
_FIRST = 5


def with_tickets(also: Also, log: Log, settings: TicketSettings) -> Also:
    """Behind `also`, in the same transaction."""
    follower = TicketFollower(log, settings)

    async def both(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
        await also(connection, batch)
        await follower.follow(connection, batch)

    return both


class TicketFollower:
    """Reads batches of the journal."""

    def __init__(self, log: Log, settings: TicketSettings) -> None:
        self._log = log
        self._settings = settings

    async def follow(self, connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
        """What the batch does to tickets, in its order."""
        concerned = await _with_tickets(connection, {record.conversation for record in batch})
        for record in batch:
            place, entry = record.conversation, record.entry
            numbers, opened = concerned.setdefault(place, []), None
            if entry is not None:
                opened = await self._opened(connection, place, entry)
            elif (record.receipt or {}).get("case"):
                opened = await self._called(connection, record, numbers)
            numbers += [opened] if opened is not None else []
            if entry is not None:
                await self._said(connection, numbers, place, entry)
            if opened is not None:
                for later in await _said_after(connection, record, batch):
                    await self._said(connection, [opened], place, later)

    async def _said(
        self, connection: AsyncConnection, numbers: Sequence[str], place: str, entry: Entry
    ) -> None:
        for ticket in numbers:
            await self._moved(connection, ticket, place, entry)
        if entry.author.role == "customer" and numbers:
            await self._answered(connection, numbers, place, entry)

    async def _opened(self, connection: AsyncConnection, place: str, entry: Entry) -> str | None:
        """The number of the ticket that this entry opens."""
        if entry.kind == "note" and entry.author.role == "human_agent":
            if (words := read_opening(entry.text)) is None:
                return None
            by, key = Actor(name=entry.author.name), key_of_note(entry.id)
            new = NewTicket(subject=words.subject, body=words.body, origin="desk")
            return await self._open(connection, place, new, by=by, key=key, now=entry.at)
        if self._settings.mail == "always" and entry.seq == 1 and _is_mail(entry):
            return await self._open_mail(connection, place, entry.at)
        return None

    async def _called(
        self, connection: AsyncConnection, record: JournalRecord, numbers: Sequence[str]
    ) -> str | None:
        """People are called to a conversation by mail: it gets a number, unless it has one."""
        if self._settings.mail == "never" or await _live(connection, numbers):
            return None
        return await self._open_mail(connection, record.conversation, record.at)

    async def _open_mail(
        self, connection: AsyncConnection, place: str, now: datetime
    ) -> str | None:
        """Of a conversation that began by mail, once."""
        try:
            first = await self._log.entries(ConversationId(place), limit=_FIRST)
        except NotFound:
            return None
        mail = next((entry for entry in first if _is_mail(entry)), None)
        if mail is None:
            return None
        words, origin = split_subject(mail.text), _MAIL
        new = NewTicket(subject=words.subject or "Mail", body=mail.text, origin=origin)
        by, key = Actor(name="customer", side="customer"), f"mail:{place}"
        return await self._open(connection, place, new, by=by, key=key, now=now)

    async def _open(
        self, connection: AsyncConnection, place: str, new: NewTicket, *, by: Actor, key: str,
        now: datetime,
    ) -> str | None:  # fmt: skip
        subject = await self._subject(place)
        number, is_new = await open_ticket(connection, subject, new, by=by, key=key, now=now)
        return number if is_new else None

    async def _subject(self, place: str) -> Subject:
        try:
            head = await self._log.head(ConversationId(place))
        except NotFound:
            return Subject(conversation=place)
        return Subject(conversation=place, contact=head.contact, level=head.level)

    async def _moved(
        self, connection: AsyncConnection, number: str, place: str, entry: Entry
    ) -> None:
        """By words or acts of the house."""
        if entry.kind == "message" and entry.author.role == "human_agent":
            await _note_reply(connection, number, entry.at)
        elif entry.action == "close":
            known = await read_short(connection, number)
            if known is not None and known.origin == _MAIL and known.state not in DONE:
                await _change(connection, known, TicketChange(state="resolved"), entry, place)

    async def _answered(
        self, connection: AsyncConnection, numbers: Sequence[str], place: str, entry: Entry
    ) -> None:
        """By words of the customer."""
        if entry.kind != "message" or is_thanks(entry.text):
            return
        if live := await _live(connection, numbers):
            for known in live:
                if known.state == "pending" and _last_move(known) < entry.at:
                    await _change(connection, known, TicketChange(state="open"), entry, place)
            return
        found = [await read_short(connection, number) for number in numbers]
        done = [one for one in found if one is not None and one.duplicate_of is None]
        last = max(done, key=_last_move, default=None)
        if last is not None and _last_move(last) < entry.at:
            await answer(
                connection, last, entry.text, place=place, by=_actor(entry),
                key=_key(place, entry), now=entry.at, days=self._settings.reopen_days,
            )  # fmt: skip


_MAIL: Origin = "mail"


async def _with_tickets(connection: AsyncConnection, names: set[str]) -> dict[str, list[str]]:
    """The tickets of these conversations, the oldest first."""
    places = ticket_conversations.c
    query = (
        select(places.conversation, places.ticket)
        .join_from(ticket_conversations, tickets, places.ticket == tickets.c.number)
        .where(places.conversation.in_(names))
        .order_by(tickets.c.created_at, tickets.c.number)
    )
    found: dict[str, list[str]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.conversation, []).append(row.ticket)
    return found


async def _said_after(
    connection: AsyncConnection, record: JournalRecord, batch: Sequence[JournalRecord]
) -> list[Entry]:
    """What of its conversation was archived with earlier batches, though it was said later."""
    own, place = entries.c, record.conversation
    here = {one.seq for one in batch if one.conversation == place and one.entry is not None}
    query = select(own.seq, own.body).where(own.conversation == place, own.seq > record.seq)
    rows = (await connection.execute(query.order_by(own.seq))).all()
    return [Entry.model_validate(row.body) for row in rows if row.seq not in here]


async def _live(connection: AsyncConnection, numbers: Sequence[str]) -> list[Ticket]:
    """Those that are worked on."""
    found = [await read_short(connection, number) for number in numbers]
    return [one for one in found if one is not None and one.state not in DONE]


async def _note_reply(connection: AsyncConnection, number: str, at: datetime) -> None:
    """A person's first words behind its opening."""
    first = (tickets.c.first_reply_at.is_(None), tickets.c.created_at <= at)
    statement = update(tickets).where(tickets.c.number == number, *first)
    await connection.execute(statement.values(first_reply_at=at))


async def _change(
    connection: AsyncConnection, known: Ticket, change: TicketChange, entry: Entry, place: str
) -> None:
    key = f"{_key(place, entry)}:{known.number}"
    try:
        await change_ticket(connection, known, change, by=_actor(entry), key=key, now=entry.at)
    except Conflict:  # people moved it since
        return


def _last_move(ticket: Ticket) -> datetime:
    """Since when it is done, or waits."""
    pause = ticket.pauses[-1].since if ticket.pauses else ticket.created_at
    return ticket.resolved_at or pause


def _actor(entry: Entry) -> Actor:
    role = entry.author.role
    return Actor(name="customer" if role == "customer" else entry.author.name or role,
                 side=_SIDES[role])  # fmt: skip


def _key(place: str, entry: Entry) -> str:
    """A reply that came through the ticket has the key it was given there: it is done once."""
    _, through, key = entry.id.partition(f"rest:{place}:")
    return key if through and key.startswith("ticket:") else f"said:{place}:{entry.seq}"


def _is_mail(entry: Entry) -> bool:
    address = entry.address
    return entry.author.role == "customer" and address is not None and address.channel == "email"
