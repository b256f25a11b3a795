"""The archive's writer: follows the journal and keeps what was said, for good, in SQL.

Above: the role `archive`. Below: `core.bus.journal`, `database`, `tables`. A batch is written in
one transaction and acknowledged after it; a repeat writes nothing twice. The state of a
conversation is read from the log when its batch is written, so it is never older than the batch.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.tables import conversations, entries, turns
from core.bus.journal import Journal, JournalRecord
from core.conversation import Head
from core.errors import BusError, NotFound
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Log
from core.runtime import Backoff, sleep_until

GROUP = "archive"
_log = structlog.get_logger("archive")
# Between two batches: one larger write (and one flush to disk) instead of many small ones.
_PAUSE_SECONDS = 0.4
# What Python raises for text or values that have no form in the database.
_UNWRITABLE = (ValueError, TypeError)


class ArchiveFollower:
    """Service: any number may run; each record is written once."""

    name = "archive"

    def __init__(self, journal: Journal, log: Log, database: Database) -> None:
        self._journal = journal
        self._log = log
        self._database = database
        self._consumer = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        async for batch in self._journal.follow(GROUP, self._consumer, stop):
            await self.store_until_done(batch, stop)
            await sleep_until(stop, _PAUSE_SECONDS)

    async def store_until_done(self, batch: Sequence[JournalRecord], stop: asyncio.Event) -> None:
        """The next batch must wait for this one; unacknowledged at a stop, it comes again."""
        backoff, failures = Backoff(), 0
        while True:
            try:
                await self.store(batch)
                return
            except (SQLAlchemyError, OSError, BusError, *_UNWRITABLE) as error:
                if _is_hopeless(error):
                    await self._store_one_by_one(batch, error, stop)
                    return
                _log.warning("archive_write_failed", error=type(error).__name__, failures=failures)
                if await sleep_until(stop, backoff.pause(failures)):
                    return
                failures += 1

    async def _store_one_by_one(
        self, batch: Sequence[JournalRecord], error: Exception, stop: asyncio.Event
    ) -> None:
        """One record the database will never take must not stop all others."""
        if len(batch) > 1:
            for record in batch:
                await self.store_until_done([record], stop)
            return
        record = batch[0]
        _log.error(
            "archive_record_refused", conversation=record.conversation, seq=record.seq,
            error=type(error).__name__,
        )  # fmt: skip
        await self._journal.ack(GROUP, batch)

    async def store(self, batch: Sequence[JournalRecord]) -> None:
        """Write the batch in one transaction, then acknowledge it."""
        heads = await self._heads({record.conversation for record in batch})
        said = [record.entry for record in batch if record.entry is not None]
        places = [record.conversation for record in batch if record.entry is not None]
        rows = [_entry_row(place, entry) for place, entry in zip(places, said, strict=True)]
        receipts = [_turn_row(record) for record in batch if record.receipt is not None]
        async with self._database.write() as connection:
            await _insert_new(connection, entries, rows)
            await _insert_new(connection, turns, receipts)
            await _save_heads(connection, heads)
        await self._journal.ack(GROUP, batch)

    async def _heads(self, names: set[str]) -> list[Head]:
        """The state of each, asked for together: the store answers them in one go."""
        found = await asyncio.gather(*(self._head(name) for name in sorted(names)))
        return [head for head in found if head is not None]

    async def _head(self, name: str) -> Head | None:
        try:
            return await self._log.head(ConversationId(name))
        except NotFound:
            _log.info("conversation_gone", conversation=name)
            return None


def _is_hopeless(error: Exception) -> bool:
    """True if the database will never take this: its words, not its state, are at fault.

    PostgreSQL's errors of class 22 are about data; everything else (no connection, a full disk, a
    lock) may pass.
    """
    cause = getattr(error, "orig", None)
    if isinstance(error, (DataError, IntegrityError)) or isinstance(cause or error, _UNWRITABLE):
        return True
    state = getattr(cause, "sqlstate", None)
    return isinstance(state, str) and state.startswith("22")


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _insert_once(dialect: str, table: Table) -> Executable:
    """Rows that are there already stay as they are. Made once: building a statement costs more
    than running it."""
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _upsert_head(dialect: str) -> Executable:
    """Insert, or bring up to date unless what is there is newer."""
    statement = _insert(dialect, conversations)
    newer = {
        column.name: statement.excluded[column.name]
        for column in conversations.columns
        if column.name != "id"
    }
    return statement.on_conflict_do_update(
        index_elements=[conversations.c.id],
        set_=newer,
        where=conversations.c.updated_at <= statement.excluded.updated_at,
    )


async def _insert_new(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    if rows:
        await connection.execute(_insert_once(connection.dialect.name, table), list(rows))


async def _save_heads(connection: AsyncConnection, heads: Sequence[Head]) -> None:
    if heads:
        rows = [_head_row(head) for head in heads]
        await connection.execute(_upsert_head(connection.dialect.name), rows)


def _entry_row(conversation: str, entry: Entry) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "seq": entry.seq,
        "event": entry.id,
        "at": entry.at,
        "kind": entry.kind,
        "role": entry.author.role,
        "specialist": entry.author.specialist,
        "text": entry.text,
        "folded": entry.text.casefold(),
        "body": entry.model_dump(mode="json", exclude_defaults=True),
    }


def _turn_row(record: JournalRecord) -> dict[str, Any]:
    return {
        "conversation": record.conversation,
        "seq": record.seq,
        "at": record.at,
        "specialist": record.specialist,
        "receipt": record.receipt,
    }


def _head_row(head: Head) -> dict[str, Any]:
    address = head.address
    return {
        "id": head.id,
        "channel": address.channel if address else None,
        "account": address.account if address else None,
        "chat": address.chat if address else None,
        "contact": head.contact,
        "status": head.status,
        "owner": head.owner,
        "specialist": head.specialist,
        "language": head.language,
        "sentiment": head.sentiment,
        "priority": head.priority,
        "summary": head.summary,
        "ticket": head.ticket,
        "entries": head.seq,
        "tokens_used": head.tokens_used,
        "cost": head.cost,
        "created_at": head.created_at,
        "updated_at": head.updated_at,
    }
