"""Tickets in our own SQL database, as tools reach them. Above: the composition root, `book`. Below:
`writing`, `rows`, `tables`.

A ticket's number is derived from its key, and key and number are unique: whatever dies or comes
twice, there is one ticket. The same holds for each change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.conversation import BARE_CLAIM
from core.customers.records import Subject
from core.errors import CustomerSystemError
from core.tickets.numbers import read_number
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange
from core.tickets.rows import read_ticket, show_row
from core.tickets.tables import ticket_conversations, tickets
from core.tickets.writing import change_ticket, open_ticket

_MOST = 50


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


class SqlTickets:
    """Implements `TicketDesk`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = GuardedDatabase(database, "tickets", CustomerSystemError)
        self.now = now

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Raises `CustomerSystemError`."""
        return self._tables.read()

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Raises `CustomerSystemError`."""
        return self._tables.write()

    async def create(self, subject: Subject, new: NewTicket, *, by: str, key: str) -> Ticket:
        """See `TicketDesk`."""
        return await self.open(subject, new, by=Actor(name=by, side="ai"), key=key)

    async def open(self, subject: Subject, new: NewTicket, *, by: Actor, key: str) -> Ticket:
        """Open one; a repeat gives the ticket of the first time."""
        async with self.writing() as connection:
            number, _ = await open_ticket(connection, subject, new, by=by, key=key, now=self.now())
            found = await read_ticket(connection, tickets.c.number == number)
        if found is None:
            raise CustomerSystemError("the ticket was not written")
        return found

    async def update(
        self, subject: Subject, number: str, change: TicketChange, *, by: str, key: str
    ) -> Ticket | None:
        """See `TicketDesk`. Raises `Conflict` for a state that may not follow."""
        rule = and_(tickets.c.number == read_number(number), _of(subject))
        async with self.writing() as connection:
            known = await read_ticket(connection, rule, lock=True)
            if known is None:
                return None
            actor = Actor(name=by, side="ai")
            await change_ticket(connection, known, change, by=actor, key=key, now=self.now())
            return await read_ticket(connection, rule)

    async def tickets(self, subject: Subject, *, limit: int = 10) -> Sequence[Ticket]:
        """See `TicketDesk`."""
        query = select(tickets).where(_of(subject), tickets.c.duplicate_of.is_(None))
        query = query.order_by(tickets.c.updated_at.desc(), tickets.c.number.desc())
        async with self.reading() as connection:
            rows = (await connection.execute(query.limit(min(limit, _MOST)))).mappings().all()
        return [show_row(row) for row in rows]

    async def find(self, number: str) -> Ticket | None:
        """See `TicketDesk`."""
        async with self.reading() as connection:
            return await read_ticket(connection, tickets.c.number == read_number(number))


def _of(subject: Subject) -> ColumnElement[bool]:
    """Tickets of the conversation, and of the contact as far as it is proved on both sides."""
    here = select(ticket_conversations.c.ticket).where(
        ticket_conversations.c.conversation == subject.conversation,
        ticket_conversations.c.via.is_(None),
    )
    rule = tickets.c.number.in_(here)
    if subject.contact is None or subject.level <= BARE_CLAIM:
        return rule
    return or_(rule, and_(tickets.c.contact == subject.contact, tickets.c.level > BARE_CLAIM))
