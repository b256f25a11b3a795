"""What waits to be told of conversations that ended, in SQL.

Above: the archive's follower (`put_history`), `writer`, dead letters. Below: `tables`. A line
enters in the transaction that archives the end of its conversation, so it is there once, whatever
dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.follower import Also
from core.archive.guarded import GuardedDatabase
from core.archive.inserting import insert_new
from core.bus.journal import JournalRecord
from core.customers.history.records import Cause, Waiting, history_key
from core.customers.history.tables import history_outbox
from core.errors import NotFound

_ENDS: dict[str, Cause] = {"close": "closed", "release": "returned"}
_KEPT = timedelta(days=7)
_SHOWN = tuple(Waiting.model_fields)


async def put_history(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
    """A line for every end of a conversation, or of people's part in it, in the batch."""
    rows = [row for row in map(_row, batch) if row is not None]
    await insert_new(connection, history_outbox, rows)


def with_history(also: Also) -> Also:
    """What `also` writes of a batch, and then the lines of history."""

    async def write(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
        await also(connection, batch)
        await put_history(connection, batch)

    return write


def _row(record: JournalRecord) -> dict[str, Any] | None:
    cause = _ENDS.get((record.entry.action or "") if record.entry else "")
    if cause is None or record.entry is None:
        return None
    return {
        "key": history_key(record.conversation, record.entry.seq),
        "conversation": record.conversation, "seq": record.entry.seq, "cause": cause,
        "at": record.entry.at, "status": "waiting", "attempts": 0, "due_at": record.entry.at,
    }  # fmt: skip


class HistoryOutbox:
    """Every step is one transaction; several writers share the work by leases. All methods raise
    `ArchiveUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "the history")

    async def take_due(self, *, limit: int, lease_seconds: float) -> list[Waiting]:
        """Those whose time has come and which nobody is at; they are ours for so long."""
        now = datetime.now(UTC)
        async with (
            self._tables.read() as connection
        ):  # most looks find nothing: those lock nobody out
            if (await connection.execute(_due(now, 1))).first() is None:
                return []
        async with self._tables.write() as connection:
            # Who takes some at the same moment takes others: SQLite's writers come one by one.
            free = _due(now, limit).with_for_update(skip_locked=True)
            rows = (await connection.execute(free)).mappings().all()
            ours = history_outbox.c.key.in_([row["key"] for row in rows])
            until = now + timedelta(seconds=lease_seconds)
            await connection.execute(update(history_outbox).where(ours).values(leased_until=until))
        return [_show(row) for row in rows]

    async def settle(
        self, item: Waiting, *, status: str, due: datetime | None, error: str | None = None
    ) -> None:
        """How an attempt ended; `due` is when the next one is."""
        done = None if status == "waiting" else datetime.now(UTC)
        values = {
            "status": status, "attempts": item.attempts + 1, "due_at": due, "leased_until": None,
            "last_error": error, "done_at": done,
        }  # fmt: skip
        own = history_outbox.c.key == item.key
        async with self._tables.write() as connection:
            await connection.execute(update(history_outbox).where(own).values(**values))

    async def dead(self, *, limit: int = 100) -> list[Waiting]:
        """Those that were given up, the newest first."""
        query = select(history_outbox).where(history_outbox.c.status == "dead")
        async with self._tables.read() as connection:
            newest = query.order_by(history_outbox.c.at.desc()).limit(limit)
            return [_show(row) for row in (await connection.execute(newest)).mappings()]

    async def replay(self, key: str) -> None:
        """Tell it once more, with all its attempts. Raises `NotFound`."""
        rule = and_(history_outbox.c.key == key, history_outbox.c.status == "dead")
        fresh: dict[str, Any] = {
            "status": "waiting", "attempts": 0, "due_at": datetime.now(UTC), "done_at": None,
            "leased_until": None,
        }  # fmt: skip
        async with self._tables.write() as connection:
            done = await connection.execute(update(history_outbox).where(rule).values(**fresh))
        if done.rowcount == 0:
            raise NotFound("no such line of history was given up")

    async def forget_old(self) -> int:
        """Drop what was told long ago."""
        before = datetime.now(UTC) - _KEPT
        told = history_outbox.c.status.in_(("written", "skipped"))
        async with self._tables.write() as connection:
            old = delete(history_outbox).where(told, history_outbox.c.done_at < before)
            return (await connection.execute(old)).rowcount


def _due(now: datetime, limit: int) -> Select[Any]:
    free = or_(history_outbox.c.leased_until.is_(None), history_outbox.c.leased_until < now)
    rule = and_(history_outbox.c.status == "waiting", history_outbox.c.due_at <= now, free)
    query = select(history_outbox).where(rule)
    return query.order_by(history_outbox.c.due_at, history_outbox.c.key).limit(limit)


def _show(row: Any) -> Waiting:
    return Waiting.model_validate({name: row[name] for name in _SHOWN})
