"""Tickets from the rows of the database. Above: `sql`, `book`, `merging`. Below: `tables`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.tickets.records import LinkKind, Pause, Ticket, TicketEvent, TicketLink
from core.tickets.tables import ticket_conversations, ticket_events, ticket_links, tickets

_TICKET = Ticket.model_fields.keys() & {column.name for column in tickets.columns}
_EVENT = tuple(TicketEvent.model_fields)
_REVERSE: dict[str, LinkKind] = {
    "duplicate_of": "duplicate", "follow_up_of": "follow_up", "related": "related",
}  # fmt: skip


async def read_ticket(
    connection: AsyncConnection, rule: ColumnElement[bool], *, lock: bool = False
) -> Ticket | None:
    """The one ticket of this rule, whole. `lock`: nobody else changes it until we are done."""
    query = select(tickets).where(rule)
    query = query.with_for_update() if lock else query
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else await _fill(connection, row)


async def read_short(connection: AsyncConnection, number: str) -> Ticket | None:
    """A ticket without history, links and conversations; locked."""
    query = select(tickets).where(tickets.c.number == number).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else show_row(row)


def show_row(row: RowMapping, **more: Any) -> Ticket:
    """A ticket as far as its own row tells."""
    fields: dict[str, Any] = {name: row[name] for name in _TICKET}
    fields["pauses"] = [Pause(since=since, until=until) for since, until in row["pauses"] or ()]
    return Ticket.model_validate(fields | more)


async def _fill(connection: AsyncConnection, row: RowMapping) -> Ticket:
    number: str = row["number"]
    events = (
        select(ticket_events)
        .where(ticket_events.c.ticket == number)
        .order_by(ticket_events.c.position)
    )
    found = (await connection.execute(events)).mappings().all()
    places = (
        select(ticket_conversations.c.conversation)
        .where(ticket_conversations.c.ticket == number)
        .order_by(ticket_conversations.c.conversation)
    )
    own: str = row["conversation"]
    others = [p for p in (await connection.execute(places)).scalars() if p != own]
    return show_row(
        row,
        history=[show_event(event) for event in found],
        conversations=([own] if own else []) + others,
        links=await _links(connection, number),
    )


def show_event(row: RowMapping) -> TicketEvent:
    """One item of a history."""
    fields = {name: row[name] for name in _EVENT}
    return TicketEvent.model_validate(fields | {"changes": row["changes"] or ()})


async def _links(connection: AsyncConnection, number: str) -> Sequence[TicketLink]:
    """Those it has, and those that others have to it."""
    mine, theirs = ticket_links.c.ticket == number, ticket_links.c.other == number
    query = select(ticket_links).where(mine | theirs).order_by(*ticket_links.primary_key.columns)
    found = (await connection.execute(query)).mappings().all()
    return [
        TicketLink(kind=row["kind"], other=row["other"])
        if row["ticket"] == number
        else TicketLink(kind=_REVERSE[row["kind"]], other=row["ticket"])
        for row in found
    ]
