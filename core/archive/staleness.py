"""Which hours a batch of the journal changes: marked in the transaction that writes the batch.

Above: `follower`. Below: `rollup_tables`, `timing`. What was counted of a marked hour counts no
more, until `rolling` has counted it again; so late, repeated and lost records change no figure.

A batch changes the hours of its own records, and what older hours say of its conversations: how
they stand, when they were first answered, closed or rated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.figures import hour_of
from core.archive.inserting import save_rows
from core.archive.periods import hour_name
from core.archive.rollup_tables import rolled_hours, stale_periods
from core.archive.tables import cases, conversations, entries, turns
from core.archive.timing import first_answer
from core.bus.journal import JournalRecord

_AT_ONCE = 200
_STANDING = ("created_at", "channel", "language", "status", "owner")
Standing = tuple[Any, ...]
Standings = Mapping[str, Standing]


async def read_standings(connection: AsyncConnection, names: Iterable[str]) -> Standings:
    """How the archive has these conversations now; call this before the batch is written."""
    own = conversations.c
    query = select(own.id, *(own[name] for name in _STANDING))
    return {row[0]: tuple(row[1:]) for row in await _of(connection, query, own.id, names)}


async def mark_changed(
    connection: AsyncConnection, batch: Sequence[JournalRecord], before: Standings,
    rows: Sequence[Mapping[str, Any]],
) -> None:  # fmt: skip
    """Mark the hours that the batch changes; `rows` are the conversations as they were written."""
    after = {row["id"]: tuple(row[name] for name in _STANDING) for row in rows}
    changed = {name for name, standing in after.items() if standing != before.get(name)}
    changed |= {record.conversation for record in batch if (record.receipt or {}).get("case")}
    known = {**before, **after}
    moments = {record.entry.at if record.entry else record.at for record in batch}
    moments |= {known[name][0] for name in changed if name in known}
    moments |= {before[name][0] for name in changed if name in before}
    moments |= await _endings(connection, changed | _ended(batch))
    moments |= await _first_replies(connection, batch)
    moments |= await _hand_overs(connection, batch)
    await mark(connection, {hour_name(moment) for moment in moments})


async def mark(connection: AsyncConnection, periods: Iterable[str]) -> None:
    """These must be counted again. In order, so that two writers never wait for each other; a mark
    that stands is written again, so that who is just counting waits for us or we for them."""
    now = datetime.now(UTC)
    await save_rows(
        connection, stale_periods, [{"period": name, "marked_at": now} for name in sorted(periods)]
    )


async def mark_everything(connection: AsyncConnection) -> None:
    """Whatever was counted in advance is counted again: behind rows that no follower wrote."""
    dialect = connection.dialect.name
    sources = (entries.c.at, turns.c.at, cases.c.at, conversations.c.created_at)
    hours: set[str] = set()
    for at in sources:
        hour = hour_of(at, dialect)
        hours |= set((await connection.execute(select(hour).distinct())).scalars())
    hours |= set((await connection.execute(select(rolled_hours.c.hour))).scalars())
    await mark(connection, hours)


def _ended(batch: Sequence[JournalRecord]) -> set[str]:
    return {
        record.conversation
        for record in batch
        if record.entry is not None and record.entry.action in {"close", "rate"}
    }


async def _endings(connection: AsyncConnection, names: Iterable[str]) -> set[datetime]:
    """When these were closed and rated: only the last time counts, wherever that is now."""
    own = entries.c
    query = select(own.at).where(text("action IN ('close', 'rate')"))
    return {row[0] for row in await _of(connection, query, own.conversation, names)}


async def _first_replies(
    connection: AsyncConnection, batch: Sequence[JournalRecord]
) -> set[datetime]:
    """When those began whose first question or first answer may be in the batch."""
    first: dict[str, int] = {}
    for record in batch:
        if record.entry is not None and record.entry.kind == "message":
            seq = record.entry.seq
            first[record.conversation] = min(seq, first.get(record.conversation, seq))
    own = conversations.c
    query = select(own.id, own.created_at, first_answer().label("answer"))
    rows = await _of(connection, query, own.id, first)
    return {row[1] for row in rows if row[2] is not None and first[row[0]] <= row[2]}


async def _hand_overs(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> set[datetime]:
    """When those were handed over in which people wrote now."""
    names = {
        record.conversation
        for record in batch
        if record.entry is not None
        and record.entry.kind == "message"
        and record.entry.author.role == "human_agent"
    }
    own = cases.c
    return {row[0] for row in await _of(connection, select(own.at), own.conversation, names)}


async def _of(
    connection: AsyncConnection, query: Any, whose: Any, names: Iterable[str]
) -> list[Any]:
    """The rows of these conversations: a database takes so many names at once, and no more."""
    found: list[Any] = []
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        part = query.where(whose.in_(ordered[start : start + _AT_ONCE]))
        found += (await connection.execute(part)).all()
    return found
