"""All tickets, for people of the desk: listed, searched, changed, answered, joined.

Above: `channels.rest.tickets`, the composition root. Below: `sql`, `merging`, `filters`. A
customer's reply to a ticket that was done opens it again; after too long a time it opens a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.errors import NotFound
from core.escalation.rules import EscalationRules
from core.tickets import merging
from core.tickets.answering import answer
from core.tickets.clocks import TicketClocks, clocks_of
from core.tickets.filters import TicketFilter
from core.tickets.merging import Likely
from core.tickets.numbers import read_number
from core.tickets.records import Actor, Ticket, TicketChange
from core.tickets.rows import read_ticket, show_row
from core.tickets.settings import TicketSettings
from core.tickets.sql import SqlTickets, utc_now
from core.tickets.tables import ticket_conversations, tickets
from core.tickets.writing import add_conversation, add_link, change_ticket, note_event

_MOST = 200


class TicketBook(SqlTickets):
    """Tickets without a subject in between. All that take a number raise `NotFound`."""

    def __init__(
        self, database: Database, *, rules: EscalationRules | None = None,
        settings: TicketSettings | None = None, now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        super().__init__(database, now=now)
        self._rules = rules or EscalationRules()
        self._settings = settings or TicketSettings()

    def clocks(self, ticket: Ticket) -> TicketClocks:
        """By when its first reply and its end are due."""
        return clocks_of(ticket, self._rules, self.now())

    async def browse(self, wanted: TicketFilter, *, limit: int = 50) -> Sequence[Ticket]:
        """Those that match, last changed first, without history."""
        newest = (tickets.c.updated_at.desc(), tickets.c.number.desc())
        query = select(tickets).where(*wanted.rules()).order_by(*newest).limit(min(limit, _MOST))
        async with self.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [show_row(row) for row in rows]

    async def of_conversations(self, names: Collection[str]) -> dict[str, str]:
        """The ticket of each of these conversations that has one: the last that was opened."""
        if not names:
            return {}
        places = ticket_conversations.c
        query = (
            select(places.conversation, tickets.c.number)
            .join_from(tickets, ticket_conversations, places.ticket == tickets.c.number)
            .where(places.conversation.in_(names), tickets.c.duplicate_of.is_(None))
            .order_by(tickets.c.created_at, tickets.c.number)
        )
        async with self.reading() as connection:
            rows = (await connection.execute(query)).all()
        return {str(row.conversation): str(row.number) for row in rows}

    async def get(self, number: str) -> Ticket:
        """One, with its history."""
        async with self.reading() as connection:
            return await _whole(connection, number)

    async def change(self, number: str, change: TicketChange, *, by: Actor, key: str) -> Ticket:
        """Change it, once for each `key`. Raises `Conflict` for a state that may not follow."""
        async with self.writing() as connection:
            known = await _whole(connection, number, lock=True)
            await change_ticket(connection, known, change, by=by, key=key, now=self.now())
            return await _whole(connection, number)

    async def reply(
        self, number: str, text: str, *, by: Actor, key: str, internal: bool = False
    ) -> Ticket:
        """Words about it, kept in its history. Of a customer: the ticket that is open then."""
        async with self.writing() as connection:
            known = await _whole(connection, number, lock=True)
            if by.side == "customer":
                days = self._settings.reopen_days
                now = self.now()
                known = await answer(
                    connection, known, text, place=known.conversation, by=by, key=key, now=now,
                    days=days,
                )  # fmt: skip
            else:
                kind = "note" if internal else "reply"
                change = TicketChange(note=text, kind=kind, internal=internal)
                await change_ticket(connection, known, change, by=by, key=key, now=self.now())
            return await _whole(connection, known.number)

    async def link(
        self, number: str, *, by: Actor, key: str, other: str | None = None,
        conversation: str | None = None,
    ) -> Ticket:  # fmt: skip
        """It has to do with another ticket, or is of that conversation too."""
        async with self.writing() as connection:
            known = await _whole(connection, number, lock=True)
            new, what = False, other or conversation or ""
            if other is not None:
                what = (await _whole(connection, other)).number
                new = what != known.number
                new = new and await add_link(connection, known.number, "related", what)
            elif conversation is not None:
                new = await add_conversation(connection, known.number, conversation)
            if new:
                await note_event(
                    connection, known.number, "linked", by=by, key=key, now=self.now(),
                    internal=True, note=what,
                )  # fmt: skip
            return await _whole(connection, known.number)

    async def likely(self, number: str) -> Sequence[Likely]:
        """Others that may be about the same, likeliest first."""
        async with self.reading() as connection:
            known = await _whole(connection, number)
            return await merging.find_likely(connection, known, self.now())

    async def merge(
        self, number: str, into: str, *, by: Actor, key: str, anyway: bool = False
    ) -> Ticket:
        """The ticket that stands for both. Raises `Conflict`."""
        async with self.writing() as connection:
            one, other = await _whole(connection, number), await _whole(connection, into)
            await merging.merge(
                connection, one.number, other.number, by=by, key=key, now=self.now(), anyway=anyway
            )
            return await _whole(connection, other.number)

    async def unmerge(self, number: str, *, by: Actor, key: str) -> Ticket:
        """The duplicate, as it was. Raises `Conflict`."""
        async with self.writing() as connection:
            one = await _whole(connection, number)
            await merging.unmerge(connection, one.number, by=by, key=key, now=self.now())
            return await _whole(connection, one.number)


async def _whole(connection: AsyncConnection, number: str, *, lock: bool = False) -> Ticket:
    rule = tickets.c.number == read_number(number)
    found = await read_ticket(connection, rule, lock=lock)
    if found is None:
        raise NotFound("no such ticket")
    return found
