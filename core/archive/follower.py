"""The archive's writer: follows the journal and keeps what was said, for good, in SQL.

Above: the role `archive`. Below: `core.bus.journal`, `database`, `tables`. A batch is written in
one transaction and acknowledged after it; a repeat writes nothing twice. The state of a
conversation is read from the log when its batch is written, so it is never older than the batch.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.drafts import may_settle, update_drafts
from core.archive.inserting import insert_new, save_rows
from core.archive.knowledge_reviews import keep_saved
from core.archive.searching import fold_words
from core.archive.staleness import mark_changed, read_standings
from core.archive.standings import Standings
from core.archive.tables import cases, conversations, entries, turns
from core.bus.journal import Journal, JournalRecord
from core.bus.lives import Sign
from core.bus.snapshot import Snapshot, head_of
from core.conversation import Head
from core.errors import BusError, NotFound
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Log
from core.runtime import Backoff, sleep_until

GROUP = "archive"
_log = structlog.get_logger("archive")
# Between two batches: one larger write (and one flush to disk) instead of many small ones.
_PAUSE_SECONDS = 0.2
# Acts whose value is counted, and how much of it is kept for that.
_COUNTED = frozenset({"rate", "prioritise", "button"})
_LONGEST_VALUE = 100
# What Python raises for text or values that have no form in the database.
_UNWRITABLE = (ValueError, TypeError)


Also = Callable[[AsyncConnection, Sequence[JournalRecord]], Awaitable[None]]


class ArchiveFollower:
    """Service: any number may run; each record is written once. `also` writes more of a batch, in
    the same transaction."""

    name = "archive"

    def __init__(
        self, journal: Journal, log: Log, database: Database, *, also: Also | None = None,
        standings: Standings | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._log = log
        self._database = database
        self._also = also
        self._standings = standings
        self._consumer = f"{socket.gethostname()}:{os.getpid()}"
        self._sign: Sign | None = None

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        async for batch in self._journal.follow(GROUP, self._consumer, stop):
            await self.store_until_done(batch, stop)
            await sleep_until(stop, _PAUSE_SECONDS)

    async def store_until_done(self, batch: Sequence[JournalRecord], stop: asyncio.Event) -> None:
        """The next batch must wait for this one; unacknowledged at a stop, it comes again."""
        self._sign = await self._store_until_done(batch, stop, self._sign)

    async def _store_until_done(
        self, batch: Sequence[JournalRecord], stop: asyncio.Event, since: Sign | None
    ) -> Sign | None:
        backoff, failures = Backoff(), 0
        while True:
            try:
                return await self.store(batch, since)
            except (SQLAlchemyError, OSError, BusError, *_UNWRITABLE) as error:
                if _is_hopeless(error):
                    await self._store_one_by_one(batch, error, stop)
                    return since
                _log.warning("archive_write_failed", error=type(error).__name__, failures=failures)
                if await sleep_until(stop, backoff.pause(failures)):
                    return since
                failures += 1

    async def _store_one_by_one(
        self, batch: Sequence[JournalRecord], error: Exception, stop: asyncio.Event
    ) -> None:
        """One record the database will never take must not stop all others."""
        if len(batch) > 1:
            for record in batch:
                await self._store_until_done([record], stop, None)
            return
        record = batch[0]
        _log.error(
            "archive_record_refused", conversation=record.conversation, seq=record.seq,
            error=type(error).__name__,
        )  # fmt: skip
        await self._journal.ack(GROUP, batch)

    async def store(self, batch: Sequence[JournalRecord], since: Sign | None = None) -> Sign | None:
        """Write the batch in one transaction, then acknowledge it. `since` is what the store said
        of itself before the batch was read, if that is known; returns what it says now."""
        sign = await self._standings.sign() if self._standings else None
        if sign and not sign.is_as(since):
            batch = await self._still_held(batch)
        if not batch:
            return sign
        standings = await self._read_standings(batch)
        heads = await self._heads({record.conversation for record in batch}, standings)
        said = [record.entry for record in batch if record.entry is not None]
        places = [record.conversation for record in batch if record.entry is not None]
        rows = [_entry_row(place, entry) for place, entry in zip(places, said, strict=True)]
        receipts = [_turn_row(record) for record in batch if _is_turn(record)]
        opened = [row for row in map(_case_row, batch) if row is not None]
        stand = list(map(_head_row, heads))
        async with self._database.write() as connection:
            before = await read_standings(connection, {record.conversation for record in batch})
            await insert_new(connection, entries, rows)
            await insert_new(connection, turns, receipts)
            await insert_new(connection, cases, opened)
            await save_rows(connection, conversations, stand, newer="updated_at")
            await mark_changed(connection, batch, before, stand)
            await update_drafts(connection, _with_drafts(batch))
            await keep_saved(connection, batch)
            if self._also is not None:
                await self._also(connection, batch)
            mark = None
            if self._standings and sign:
                mark = await self._standings.save(connection, standings, sign)
        await self._journal.ack(GROUP, batch)
        if self._standings and sign:
            await self._standings.note(mark, standings, sign)
        return sign

    async def _still_held(self, batch: Sequence[JournalRecord]) -> list[JournalRecord]:
        """What was lost with the store is lost, else the archive would tell of entries that no
        customer sees."""
        known = await self._journal.still_held(batch)
        if len(known) < len(batch):
            _log.warning("records_lost_with_the_store", records=len(batch) - len(known))
        return known

    async def _read_standings(self, batch: Sequence[JournalRecord]) -> list[Snapshot]:
        """All that is needed to bring these back, with what was said since this batch."""
        if self._standings is None:
            return []
        after: dict[str, int] = {}
        for record in batch:
            after[record.conversation] = max(after.get(record.conversation, 0), record.seq)
        return await self._standings.read(after)

    async def _heads(self, names: set[str], standings: Sequence[Snapshot]) -> list[Head]:
        """The state of each, asked for together: the store answers them in one go."""
        known = [head_of(snapshot) for snapshot in standings]
        missing = names - {head.id for head in known}
        found = await asyncio.gather(*(self._head(name) for name in sorted(missing)))
        return [*known, *(head for head in found if head is not None)]

    async def _head(self, name: str) -> Head | None:
        try:
            return await self._log.head(ConversationId(name))
        except NotFound:
            _log.info("conversation_gone", conversation=name)
            return None


def _with_drafts(batch: Sequence[JournalRecord]) -> set[str]:
    """Conversations whose drafts may stand otherwise behind this batch."""
    return {
        record.conversation
        for record in batch
        if (record.entry is not None and may_settle(record.entry))
        or (record.receipt or {}).get("outcome") == "draft"
    }


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
        "folded": fold_words(entry.text),
        "body": entry.model_dump(mode="json", exclude_defaults=True),
        "action": entry.action,
        "value": entry.value[:_LONGEST_VALUE] if entry.value and entry.action in _COUNTED else None,
    }


def _is_turn(record: JournalRecord) -> bool:
    return record.kind == "turn" and record.receipt is not None


def _turn_row(record: JournalRecord) -> dict[str, Any]:
    receipt: dict[str, Any] = record.receipt or {}
    triage: dict[str, Any] = receipt.get("triage") or {}
    tokens: dict[str, int] = receipt.get("tokens") or {}
    return {
        "conversation": record.conversation,
        "seq": record.seq,
        "at": record.at,
        "specialist": record.specialist,
        "receipt": record.receipt,
        "intent": triage.get("intent"),
        "outcome": receipt.get("outcome"),
        "milliseconds": receipt.get("milliseconds"),
        "tokens": sum(tokens.values()),
        "cost": receipt.get("cost"),
        "fault": _fault(receipt),
    }


def _fault(receipt: dict[str, Any]) -> str | None:
    """The error a turn ended with, or why its answer came without the model."""
    found = receipt.get("error") or receipt.get("fallback")
    return str(found)[:_LONGEST_VALUE] if found else None


def _case_row(record: JournalRecord) -> dict[str, Any] | None:
    """The row of the case that this opened, if it opened one."""
    case = (record.receipt or {}).get("case")
    if not case:
        return None
    return {
        "conversation": record.conversation,
        "seq": record.seq,
        "at": record.at,
        "contact": case.get("contact"),
        "reason": case["reason"],
        "rule": case.get("rule", ""),
        "priority": case.get("priority", "medium"),
        "language": case.get("language", ""),
        "specialist": case.get("specialist"),
        "body": case,
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
