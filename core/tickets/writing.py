"""Writes of tickets within one transaction: opening, changing, linking, each once for its key.

Above: `sql`, `book`, `merging`, `following`. Below: `rows`, `tables`, `states`. Nothing here raises
for a row that is there already: what comes twice, also at once and in two processes, is one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.inserting import insert_new
from core.customers.records import Subject
from core.errors import CustomerSystemError
from core.messages import format_time
from core.text import unmarked
from core.tickets.numbers import MOST_NUMBERS, number_of
from core.tickets.records import (
    Actor,
    EventKind,
    FieldChange,
    LinkKind,
    NewTicket,
    Ticket,
    TicketChange,
    TicketState,
)
from core.tickets.states import DONE, RESTING, check_move
from core.tickets.tables import (
    ticket_conversations,
    ticket_events,
    ticket_links,
    ticket_tags,
    tickets,
)
from core.tickets.telling import tell

SUBJECT = 200
BODY = 4000
NOTE = 2000
_TAGS = 8
_TAG = 40
_NAME = 100


async def open_ticket(
    connection: AsyncConnection, subject: Subject, new: NewTicket, *, by: Actor, key: str,
    now: datetime,
) -> tuple[str, bool]:  # fmt: skip
    """Its number, and whether it is new."""
    known = select(tickets.c.number).where(tickets.c.key == key)
    for again in range(MOST_NUMBERS):
        if (found := (await connection.execute(known)).scalar_one_or_none()) is not None:
            return found, False
        number = number_of(key, again)
        if await _insert(connection, number, subject, new, key=key, now=now):
            await note_event(
                connection, number, "opened", by=by, key=f"{key}:opened", now=now,
                state="open", priority=new.priority,
            )  # fmt: skip
            if subject.conversation:
                await add_conversation(connection, number, subject.conversation)
            await _write_tags(connection, number, clean_tags(new.tags))
            return number, True
    raise CustomerSystemError("no number is free for the ticket")


async def change_ticket(
    connection: AsyncConnection, known: Ticket, change: TicketChange, *, by: Actor, key: str,
    now: datetime,
) -> None:  # fmt: skip
    """Do what differs, once for the key; nothing differs and nothing is said: nothing happens.
    Raises `Conflict` for a state that may not follow."""
    if await has_event(connection, key):
        return
    changes = list_changes(known, change)
    if not changes and not change.note:
        return
    values: dict[str, Any] = {item.field: item.after for item in changes}
    if "state" in values:
        check_move(known.state, values["state"])
        values |= clock_values(known, values["state"], now)
    if change.kind == "reply" and by.side in {"desk", "ai"} and known.first_reply_at is None:
        values["first_reply_at"] = now
    if "subject" in values:
        values["folded"] = fold(known.number, values["subject"], known.body)
    await note_event(
        connection, known.number, change.kind, by=by, key=key, now=now, note=change.note[:NOTE],
        internal=change.internal, state=values.get("state"), priority=values.get("priority"),
        changes=[item.model_dump(mode="json") for item in changes],
    )  # fmt: skip
    if "tags" in values:
        await _write_tags(connection, known.number, values["tags"])
    statement = update(tickets).where(tickets.c.number == known.number)
    await connection.execute(statement.values(updated_at=now, **values))


def list_changes(known: Ticket, change: TicketChange) -> list[FieldChange]:
    """What differs from how it is."""
    wanted: dict[str, Any] = change.model_dump(
        include={"state", "priority", "subject", "assignee"}, exclude_none=True
    )
    if "assignee" in wanted:
        wanted["assignee"] = wanted["assignee"].strip()[:_NAME] or None
    if "subject" in wanted:
        wanted["subject"] = wanted["subject"][:SUBJECT]
    if change.tags is not None:
        wanted["tags"] = clean_tags(change.tags)
    fields = ((name, getattr(known, name), after) for name, after in wanted.items())
    return [
        FieldChange(field=name, before=_plain(before), after=after)  # pyright: ignore[reportArgumentType]
        for name, before, after in fields
        if _plain(before) != after
    ]


async def note_event(
    connection: AsyncConnection, number: str, kind: EventKind, *, by: Actor, key: str,
    now: datetime, note: str = "", internal: bool = False, **more: Any,
) -> None:  # fmt: skip
    """One line of its history."""
    last = select(func.max(ticket_events.c.position)).where(ticket_events.c.ticket == number)
    position = ((await connection.execute(last)).scalar_one() or 0) + 1
    row = {
        "ticket": number, "position": position, "key": key, "at": now, "by": by.name[:_NAME],
        "side": by.side, "kind": kind, "internal": internal, "note": note, "state": None,
        "priority": None, "changes": None,
    }  # fmt: skip
    if await insert_new(connection, ticket_events, [row | more]):
        await tell(connection, row | more)


async def has_event(connection: AsyncConnection, key: str) -> bool:
    """True if this was done."""
    query = select(ticket_events.c.key).where(ticket_events.c.key == key)
    return (await connection.execute(query)).first() is not None


async def add_conversation(
    connection: AsyncConnection, number: str, conversation: str, *, via: str | None = None
) -> bool:
    """The ticket is of this conversation too. False: it was."""
    row = {"ticket": number, "conversation": conversation, "via": via}
    return await insert_new(connection, ticket_conversations, [row]) == 1


async def add_link(
    connection: AsyncConnection, number: str, kind: LinkKind, other: str
) -> bool:  # fmt: skip
    """Another ticket has to do with it. False: that was known."""
    row = {"ticket": number, "kind": kind, "other": other}
    return await insert_new(connection, ticket_links, [row]) == 1


def fold(number: str, subject: str, body: str) -> str:
    """What a search looks through: as it was written, and without diacritics."""
    text = f"{number}\n{subject}\n{body}"
    return f"{text.casefold()}\n{unmarked(text)}"


def clean_tags(tags: tuple[str, ...]) -> list[str]:
    """In the order in which they were given, each once."""
    short = (" ".join(tag.split())[:_TAG] for tag in tags)
    return list(dict.fromkeys(tag for tag in short if tag))[:_TAGS]


async def _insert(
    connection: AsyncConnection, number: str, subject: Subject, new: NewTicket, *, key: str,
    now: datetime,
) -> bool:  # fmt: skip
    title, body = new.subject[:SUBJECT], new.body[:BODY]
    row: dict[str, Any] = {
        "number": number, "key": key, "conversation": subject.conversation,
        "contact": subject.contact, "level": subject.level, "state": "open",
        "priority": new.priority, "subject": title, "body": body, "tags": clean_tags(new.tags),
        "assignee": (new.assignee or "").strip()[:_NAME] or None, "origin": new.origin,
        "duplicate_of": None, "folded": fold(number, title, body), "pauses": [],
        "first_reply_at": None, "resolved_at": None, "created_at": now, "updated_at": now,
    }  # fmt: skip
    return await insert_new(connection, tickets, [row]) == 1


async def _write_tags(connection: AsyncConnection, number: str, tags: list[str]) -> None:
    await connection.execute(delete(ticket_tags).where(ticket_tags.c.ticket == number))
    rows = [{"ticket": number, "tag": tag.casefold()} for tag in tags]
    await insert_new(connection, ticket_tags, rows)


def clock_values(known: Ticket, state: TicketState, now: datetime) -> dict[str, Any]:
    """What a move does to the clocks."""
    pauses = [[format_time(p.since), p.until and format_time(p.until)] for p in known.pauses]
    if state in RESTING and known.state not in RESTING:
        pauses.append([format_time(now), None])
    elif state not in RESTING and pauses and pauses[-1][1] is None:
        pauses[-1][1] = format_time(now)
    values: dict[str, Any] = {"pauses": pauses}
    if state not in DONE:
        values["resolved_at"] = None
    elif known.state not in DONE:
        values["resolved_at"] = now
    return values


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
