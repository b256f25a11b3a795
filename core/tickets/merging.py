"""Two tickets about one problem become one, and are two again if that was wrong.

Above: `book`. Below: `writing`, `rows`, `likeness`. The duplicate is closed and points to the
other, which gets its conversations; nothing is copied and nothing is lost, so what was done is
undone by taking the pointer away. Both histories say who did it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Conflict
from core.messages import Frozen
from core.tickets.likeness import LIKELY, likeness
from core.tickets.persons import are_one_person, of_same_person
from core.tickets.records import Actor, Ticket, TicketState
from core.tickets.rows import read_short, show_row
from core.tickets.tables import ticket_conversations, ticket_events, ticket_links, tickets
from core.tickets.writing import (
    add_conversation,
    add_link,
    clock_values,
    has_event,
    note_event,
)

_DEEPEST = 20
_LOOKED_AT = 50
_SHOWN = 5
_DAYS = 60


class Likely(Frozen):
    """A ticket that may be about the same, and how much speaks for it."""

    ticket: Ticket
    score: float


async def find_root(connection: AsyncConnection, known: Ticket) -> Ticket:
    """The ticket that stands for this one: itself, or the one it was merged into."""
    for _ in range(_DEEPEST):
        if known.duplicate_of is None:
            return known
        found = await read_short(connection, known.duplicate_of)
        if found is None:
            return known
        known = found
    return known


async def find_likely(
    connection: AsyncConnection, known: Ticket, now: datetime
) -> Sequence[Likely]:
    """Others of the same contact, person or conversation that may be about the same; the likeliest
    first."""
    here = select(ticket_conversations.c.ticket).where(
        ticket_conversations.c.conversation == known.conversation
    )
    same = or_(tickets.c.number.in_(here), of_same_person(known.conversation))
    if known.contact is not None:
        same = or_(same, tickets.c.contact == known.contact)
    query = (
        select(tickets)
        .where(
            same, tickets.c.number != known.number, tickets.c.duplicate_of.is_(None),
            tickets.c.state != "closed", tickets.c.updated_at >= now - timedelta(days=_DAYS),
        )
        .order_by(tickets.c.updated_at.desc())
        .limit(_LOOKED_AT)
    )  # fmt: skip
    rows = (await connection.execute(query)).mappings().all()
    scored = [Likely(ticket=one, score=likeness(known, one)) for one in map(show_row, rows)]
    likely = [item for item in scored if item.score >= LIKELY]
    return sorted(likely, key=lambda item: item.score, reverse=True)[:_SHOWN]


async def merge(
    connection: AsyncConnection, duplicate: str, into: str, *, by: Actor, key: str, now: datetime,
    anyway: bool = False,
) -> None:  # fmt: skip
    """Raises `Conflict` for a pair that cannot be one; `anyway`: though they are of different
    people. The caller knows that both exist."""
    one, other = await _both(connection, duplicate, into)
    if await has_event(connection, key):
        return
    if one.number == other.number:
        raise Conflict("a ticket cannot be merged into itself", code="ticket_merge")
    if one.duplicate_of is not None or other.duplicate_of is not None:
        taken = one if one.duplicate_of is not None else other
        raise Conflict(
            f"{taken.number} was merged into {taken.duplicate_of} already", code="ticket_merge"
        )
    if not anyway and await _differ(connection, one, other):
        raise Conflict("they are of different people", code="ticket_of_others")
    await note_event(
        connection, one.number, "merged", by=by, key=key, now=now, internal=True,
        note=f"into {other.number}", changes=[_moved(one.state, "closed")], state="closed",
    )  # fmt: skip
    await note_event(
        connection, other.number, "merged", by=by, key=f"{key}:into", now=now, internal=True,
        note=f"from {one.number}",
    )  # fmt: skip
    await add_link(connection, one.number, "duplicate_of", other.number)
    for conversation in await _conversations(connection, one.number):
        await add_conversation(connection, other.number, conversation, via=one.number)
    clocks = clock_values(one, "closed", now)
    await _set(connection, one.number, now, state="closed", duplicate_of=other.number, **clocks)
    await _set(connection, other.number, now)


async def unmerge(
    connection: AsyncConnection, duplicate: str, *, by: Actor, key: str, now: datetime
) -> None:
    """As it was before. Raises `Conflict` if it was not merged."""
    known = await read_short(connection, duplicate)
    if known is None or await has_event(connection, key):
        return
    if known.duplicate_of is None:
        raise Conflict(f"{duplicate} was not merged", code="ticket_merge")
    other, state = known.duplicate_of, await _state_before(connection, duplicate)
    await note_event(
        connection, duplicate, "unmerged", by=by, key=key, now=now, internal=True,
        note=f"from {other}", changes=[_moved(known.state, state)], state=state,
    )  # fmt: skip
    await note_event(
        connection, other, "unmerged", by=by, key=f"{key}:from", now=now, internal=True,
        note=f"{duplicate}",
    )  # fmt: skip
    links, places = ticket_links.c, ticket_conversations.c
    pointer = (links.ticket == duplicate, links.kind == "duplicate_of", links.other == other)
    await connection.execute(delete(ticket_links).where(*pointer))
    brought = (places.ticket == other, places.via == duplicate)
    await connection.execute(delete(ticket_conversations).where(*brought))
    clocks = clock_values(known, state, now)
    await _set(connection, duplicate, now, state=state, duplicate_of=None, **clocks)
    await _set(connection, other, now)


async def _both(connection: AsyncConnection, one: str, other: str) -> tuple[Ticket, Ticket]:
    """Both, locked in one order, whoever is merged into whom."""
    found = {number: await read_short(connection, number) for number in sorted({one, other})}
    first, second = found[one], found[other]
    if first is None or second is None:
        raise Conflict("one of them is no more", code="ticket_merge")
    return first, second


async def _differ(connection: AsyncConnection, one: Ticket, other: Ticket) -> bool:
    """True if they name two contacts, and nothing proves that those are one person."""
    if not one.contact or not other.contact or one.contact == other.contact:
        return False
    return not await are_one_person(connection, one.conversation, other.conversation)


async def _state_before(connection: AsyncConnection, number: str) -> TicketState:
    """What the last merge made it leave."""
    query = (
        select(ticket_events.c.changes)
        .where(ticket_events.c.ticket == number, ticket_events.c.kind == "merged")
        .where(ticket_events.c.state == "closed")
        .order_by(ticket_events.c.position.desc())
        .limit(1)
    )
    changes = (await connection.execute(query)).scalar_one_or_none()
    return changes[0]["before"] if changes else "open"


async def _conversations(connection: AsyncConnection, number: str) -> Sequence[str]:
    query = select(ticket_conversations.c.conversation).where(
        ticket_conversations.c.ticket == number
    )
    return (await connection.execute(query)).scalars().all()


async def _set(connection: AsyncConnection, number: str, now: datetime, **fields: object) -> None:
    statement = update(tickets).where(tickets.c.number == number)
    await connection.execute(statement.values(updated_at=now, **fields))


def _moved(before: TicketState, after: TicketState) -> dict[str, str]:
    return {"field": "state", "before": before, "after": after}
