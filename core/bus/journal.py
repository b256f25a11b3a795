"""Following all conversations: the journal, for the archive and other followers.

Above: archive. Below: `calls`, `keys`, `records`. A follower acknowledges what it has stored;
what it has not is given to it again. Trimming keeps whatever any follower has not acknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import structlog
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from core.bus.calls import STORE_ERRORS, Calls, Client
from core.bus.keys import journal_key, shard_names
from core.bus.records import make_entry, moment, pair, stream_records
from core.bus.settings import BusSettings
from core.errors import BusError
from core.messages import Entry
from core.runtime import Backoff, sleep_until

_log = structlog.get_logger("journal")
_BLOCK_MS = 1_000
_BATCH = 200
_CLAIM_AFTER_MS = 15_000
_TRIM_EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One line of the journal: an entry, or the receipt of a committed turn.

    `owner`, `specialist`, `status` are set when this step changed them (always on a turn).
    `seq` of a turn is its first entry's, or what it had seen when it said nothing.
    """

    shard: str
    id: str
    kind: Literal["entry", "turn"]
    conversation: str
    seq: int
    at: datetime
    entry: Entry | None = None
    receipt: dict[str, Any] | None = None
    owner: str | None = None
    specialist: str | None = None
    status: str | None = None


class Journal:
    """Reads and trims the journals of all shards."""

    def __init__(self, calls: Calls, reading: Client, settings: BusSettings) -> None:
        self._calls = calls
        self._reading = reading
        self._settings = settings
        self._shards = shard_names(settings.shards)
        self._next_take_over = 0.0

    async def follow(
        self, group: str, consumer: str, stop: asyncio.Event
    ) -> AsyncIterator[list[JournalRecord]]:
        """Batches of records in order per conversation; first what was read but never
        acknowledged, by us or by a follower that died. Ends soon after `stop` is set."""
        backoff, failures = Backoff(), 0
        prepared = False
        while not stop.is_set():
            try:
                if not prepared:
                    await self._make_groups(group)
                    prepared = True
                batch = await self._take_over(group, consumer) or await self._read(group, consumer)
                failures = 0
            except STORE_ERRORS as error:
                prepared = False
                _log.warning("journal_read_failed", error=type(error).__name__)
                await sleep_until(stop, backoff.pause(failures))
                failures += 1
                continue
            if batch:
                yield batch

    async def ack(self, group: str, batch: Sequence[JournalRecord]) -> None:
        """These are stored: never give them again."""
        by_shard: dict[str, list[str]] = {}
        for record in batch:
            by_shard.setdefault(record.shard, []).append(record.id)
        for shard, ids in by_shard.items():
            await self._calls.command("XACK", journal_key(shard), group, *ids)

    async def trim(self) -> int:
        """Drop what every follower has acknowledged; returns how many records went."""
        gone = 0
        for shard in self._shards:
            floor = await self._floor(journal_key(shard))
            gone += int(await self._calls.command("XTRIM", journal_key(shard), "MINID", floor) or 0)
        return gone

    async def _floor(self, key: str) -> str:
        """The lowest id that somebody still needs."""
        horizon = int((time.time() - self._settings.journal_days * 86_400) * 1000)
        try:
            groups: Any = await self._reading.xinfo_groups(key)
        except ResponseError:  # no such stream yet
            return "0"
        floors = [f"{horizon}-0"] if not groups else []
        for group in groups:
            pending: Any = await self._reading.xpending(key, group["name"])
            low = pending["min"] if pending["pending"] else group["last-delivered-id"]
            floors.append(low.decode() if isinstance(low, bytes) else str(low))
        return min(floors, key=_order)

    async def _make_groups(self, group: str) -> None:
        for shard in self._shards:
            try:
                await self._reading.xgroup_create(journal_key(shard), group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def _read(self, group: str, consumer: str) -> list[JournalRecord]:
        if not isinstance(self._reading, RedisCluster):
            return await self._read_some(self._shards, group, consumer, _BLOCK_MS)
        records: list[JournalRecord] = []
        for shard in self._shards:
            records += await self._read_some([shard], group, consumer, None)
        if not records:
            await asyncio.sleep(0.1)
        return records

    async def _read_some(
        self, shards: list[str], group: str, consumer: str, block: int | None
    ) -> list[JournalRecord]:
        streams: Any = {journal_key(shard): ">" for shard in shards}
        answer: Any = await self._reading.xreadgroup(
            group, consumer, streams, count=_BATCH, block=block
        )
        by_key = {journal_key(shard): shard for shard in shards}
        records: list[JournalRecord] = []
        for key, lines in stream_records(answer):
            shard = by_key[key.decode()]
            records += [_record(shard, identifier, flat) for identifier, flat in lines]
        return records

    async def _take_over(self, group: str, consumer: str) -> list[JournalRecord]:
        """Records that a follower read and never acknowledged, once in a while."""
        now = time.monotonic()
        if now < self._next_take_over:
            return []
        records: list[JournalRecord] = []
        for shard in self._shards:
            answer: Any = await self._reading.xautoclaim(
                journal_key(shard), group, consumer, min_idle_time=_CLAIM_AFTER_MS, count=_BATCH
            )
            records += [_record(shard, i, flat) for i, flat in answer[1] if flat]
        if len(records) < _BATCH:
            self._next_take_over = now + 5.0
        return records


class JournalTrimmer:
    """Service: trims the journal now and then."""

    name = "journal-trimmer"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Until stopped."""
        ready.set()
        while not await sleep_until(stop, _TRIM_EVERY_SECONDS):
            try:
                await self._journal.trim()
            except (*STORE_ERRORS, BusError) as error:
                _log.warning("journal_trim_failed", error=type(error).__name__)


def _order(identifier: str) -> tuple[int, int]:
    milliseconds, _, number = identifier.partition("-")
    return int(milliseconds), int(number or 0)


def _record(shard: str, identifier: bytes, flat: Any) -> JournalRecord:
    raw = pair(flat)
    entry, receipt = None, None
    is_turn = raw[b"k"] == b"turn"
    if is_turn:
        receipt = orjson.loads(raw[b"b"]) if raw[b"b"] else None
    else:
        entry = make_entry(int(raw[b"s"]), raw[b"b"], raw[b"t"], raw[b"e"])
    standing = raw[b"h"].decode().split("|") if b"h" in raw else [None, None, None]
    return JournalRecord(
        shard, identifier.decode(), "turn" if is_turn else "entry", raw[b"c"].decode(),
        int(raw[b"s"]), moment(raw[b"t"]), entry, receipt,
        standing[0], standing[1] or None, standing[2],
    )  # fmt: skip
