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

from core.bus import scripts
from core.bus.calls import STORE_ERRORS, Arg, Calls, Client
from core.bus.keys import ConversationKeys, journal_key, retell_key, shard_names
from core.bus.records import make_entry, moment, pair, stream_records
from core.bus.settings import BusSettings
from core.messages import Entry
from core.runtime import Backoff, sleep_until

_log = structlog.get_logger("journal")
_BLOCK_MS = 1_000
_BATCH = 200
_CUT_AT_ONCE = 1_000
_CLAIM_AFTER_MS = 15_000
_TRIM_EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One line of the journal: an entry, the receipt of a committed turn, or a case that no turn
    opened (its `receipt` has nothing but that).

    `owner`, `specialist`, `status` are set when this step changed them (always on a turn).
    `seq` of a turn is its first entry's, or what it had seen when it said nothing.
    """

    shard: str
    id: str
    kind: Literal["entry", "turn", "case"]
    conversation: str
    seq: int
    at: datetime
    entry: Entry | None = None
    receipt: dict[str, Any] | None = None
    owner: str | None = None
    specialist: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """What a follower has not acknowledged: how much, and how old the oldest of it is."""

    records: int
    seconds: float


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

    async def still_held(self, batch: Sequence[JournalRecord]) -> list[JournalRecord]:
        """Without what the journal does not have any more."""
        found = await asyncio.gather(
            *(
                self._calls.command("XRANGE", journal_key(record.shard), record.id, record.id)
                for record in batch
            )
        )
        return [record for record, line in zip(batch, found, strict=True) if line]

    async def is_read(self, group: str) -> bool:
        """True if this group has acknowledged all there is."""
        return (await self.lag(group)).records == 0

    async def lag(self, group: str) -> Lag:
        """How far this group is behind, over all shards."""
        lags = [await self._lag(journal_key(shard), group) for shard in self._shards]
        return Lag(sum(lag.records for lag in lags), max(lag.seconds for lag in lags))

    async def _lag(self, key: str, group: str) -> Lag:
        groups = [item for item in await self._groups(key) if item["name"] == group.encode()]
        if not groups:
            return Lag(int(await self._calls.command("XLEN", key)), 0.0)
        last = groups[0]["last-delivered-id"].decode()
        unread: Any = await self._reading.xrange(key, min=f"({last}", count=1)
        pending: Any = await self._reading.xpending(key, group)
        first = [unread[0][0]] if unread else []
        first += [pending["min"]] if pending["pending"] else []
        if not first:
            return Lag(0, 0.0)
        oldest = min(int(identifier.split(b"-")[0]) for identifier in first)
        behind = groups[0].get("lag")
        if behind is None:  # the server cannot say once records in between were dropped
            behind = len(unread)
        return Lag(int(behind) + int(pending["pending"]), max(0.0, time.time() - oldest / 1000))

    async def _groups(self, key: str) -> list[Any]:
        try:
            return await self._reading.xinfo_groups(key)
        except ResponseError:  # no such stream yet
            return []

    async def tell_again(self, conversation: str, *, after: int) -> None:
        """Put what a conversation holds behind this sequence into the journal once more."""
        keys = ConversationKeys.of(conversation)
        names = [keys.head, journal_key(keys.shard), keys.log, keys.turns]
        while True:
            told: int = await self._calls.script(
                scripts.REJOURNAL, names, [conversation, after, _BATCH]
            )
            if told == after:
                return
            after = told

    async def tell_dropped_again(self, *, limit: int) -> list[str]:
        """Some of the conversations of which records were dropped unread; returns them."""
        found: list[str] = []
        for shard in self._shards:
            key = retell_key(shard)
            reading: Any = self._reading
            raw = await reading.zrange(key, 0, limit - 1, withscores=True)
            for member, first in raw:
                await self.tell_again(member.decode(), after=int(first) - 1)
                await self._calls.script(scripts.SETTLED, [key], [member, int(first)])
                found.append(member.decode())
        return found

    async def cut(self, most: int) -> int:
        """Drop the oldest records of a journal that is longer than this, read or not, and note
        whose they were."""
        gone = 0
        for shard in self._shards:
            key = journal_key(shard)
            over = int(await self._calls.command("XLEN", key)) - max(1, most // len(self._shards))
            while over > 0:
                raw: Any = await self._reading.xrange(key, count=min(over, _CUT_AT_ONCE))
                gone += await self._drop(shard, raw)
                over -= len(raw) or over
        return gone

    async def _drop(self, shard: str, raw: Sequence[Any]) -> int:
        firsts: dict[str, int] = {}
        for identifier, flat in raw:
            record = _record(shard, identifier, flat)
            first = min(firsts.get(record.conversation, record.seq), record.seq)
            firsts[record.conversation] = first
        if not firsts:
            return 0
        scores: list[Arg] = [item for name, seq in firsts.items() for item in (seq, name)]
        await self._calls.command("ZADD", retell_key(shard), "LT", *scores)
        milliseconds, number = _order(raw[-1][0].decode())
        floor = f"{milliseconds}-{number + 1}"
        return int(await self._calls.command("XTRIM", journal_key(shard), "MINID", floor) or 0)

    async def trim(self) -> int:
        """Drop what every follower has acknowledged; returns how many records went."""
        gone = 0
        for shard in self._shards:
            key = journal_key(shard)
            if not await self._groups(key):
                gone += await self._drop_old(shard)
                continue
            floor = await self._floor(key)
            gone += int(await self._calls.command("XTRIM", key, "MINID", floor) or 0)
        return gone

    async def _drop_old(self, shard: str) -> int:
        """Nobody follows: what is too old goes, and is told again to who comes one day."""
        gone, horizon = 0, time.time() - self._settings.journal_days * 86_400
        while raw := await self._reading.xrange(
            journal_key(shard), max=int(horizon * 1000), count=_CUT_AT_ONCE
        ):
            gone += await self._drop(shard, raw)
        return gone

    async def _floor(self, key: str) -> str:
        """The lowest id that somebody still needs."""
        floors: list[str] = []
        for group in await self._groups(key):
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


def _order(identifier: str) -> tuple[int, int]:
    milliseconds, _, number = identifier.partition("-")
    return int(milliseconds), int(number or 0)


def _record(shard: str, identifier: bytes, flat: Any) -> JournalRecord:
    raw = pair(flat)
    entry, receipt = None, None
    kind: Any = raw[b"k"].decode()
    if kind != "entry":
        receipt = orjson.loads(raw[b"b"]) if raw[b"b"] else None
    else:
        entry = make_entry(int(raw[b"s"]), raw[b"b"], raw[b"t"], raw[b"e"])
    standing = raw[b"h"].decode().split("|") if b"h" in raw else [None, None, None]
    return JournalRecord(
        shard, identifier.decode(), kind, raw[b"c"].decode(), int(raw[b"s"]), moment(raw[b"t"]),
        entry, receipt, standing[0], standing[1] or None, standing[2],
    )  # fmt: skip
