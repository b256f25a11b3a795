"""What a customer's words do to a ticket of theirs. Above: `book`, `following`. Below: `merging`,
`writing`.

What was done is opened again; after too long a time a new one is opened that points to the old: the
matter is another, and its clocks must not begin years ago. What waited for the customer waits no
more. Words about a duplicate are words about the ticket that stands for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from core.customers.records import Subject
from core.tickets.merging import find_root
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange, TicketState
from core.tickets.rows import read_short
from core.tickets.states import DONE, RESTING
from core.tickets.writing import add_link, change_ticket, has_event, note_event, open_ticket


async def answer(
    connection: AsyncConnection, known: Ticket, text: str, *, place: str, by: Actor, key: str,
    now: datetime, days: int,
) -> Ticket:  # fmt: skip
    """The ticket that is open behind it: this one, the one that stands for it, or a new one.

    `place` is the conversation of the words. Words of another conversation than the ticket's own
    are internal: whose ticket it is must not read them, they may be somebody else's.
    """
    root = await find_root(connection, known)
    if _is_old(root, now, days) and not await has_event(connection, key):
        return await follow_up(connection, root, text, place=place, by=by, key=key, now=now)
    state: TicketState | None = "open" if root.state in RESTING else None
    inside = place != root.conversation
    change = TicketChange(note=text, kind="reply", state=state, internal=inside)
    await change_ticket(connection, root, change, by=by, key=key, now=now)
    return root


async def follow_up(
    connection: AsyncConnection, old: Ticket, text: str, *, place: str, by: Actor, key: str,
    now: datetime,
) -> Ticket:  # fmt: skip
    """A new ticket of the same matter, once for the key; it is of the conversation of the words."""
    new = NewTicket(
        subject=old.subject, body=text, priority=old.priority, tags=old.tags, origin="follow_up"
    )
    subject = Subject(conversation=place)
    if place == old.conversation:
        subject = Subject(conversation=place, contact=old.contact, level=old.level)
    number, is_new = await open_ticket(
        connection, subject, new, by=by, key=f"{key}:follow_up", now=now
    )
    if is_new:
        await add_link(connection, number, "follow_up_of", old.number)
        await note_event(
            connection, old.number, "linked", by=by, key=f"{key}:followed", now=now, note=number,
            internal=True,
        )  # fmt: skip
    found = await read_short(connection, number)
    return found or old


def _is_old(ticket: Ticket, now: datetime, days: int) -> bool:
    done = ticket.resolved_at or ticket.updated_at
    return ticket.state in DONE and now - done > timedelta(days=days)
