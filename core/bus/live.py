"""What happens now, for those who watch: the tail of the journals and of the hint streams.

Above: web sockets, SSE, `?wait=`. Below: `calls`, `keys`, `records`. Every web process tails by
itself, so fan-out needs no broker. It is a hint: a watcher that misses something sees the gap in
the sequence and reads the log.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from redis.asyncio.cluster import RedisCluster

from core.bus import scripts
from core.bus.calls import STORE_ERRORS, Calls, Client
from core.bus.keys import ConversationKeys, journal_key, live_key, shard_names
from core.bus.records import make_entry, pair, stream_records
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Delta
from core.runtime import Backoff, end_tasks, linger, spawn

_log = structlog.get_logger("live")
_BLOCK_MS = 2_000
_COUNT = 500
# Hints older than so many others are of no use.
_HINTS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class LiveEntry:
    """An entry was appended."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class LiveTurn:
    """A turn was committed: everything up to sequence `seen` is dealt with."""

    conversation: str
    seen: int
    first: int


@dataclass(frozen=True, slots=True)
class LiveState:
    """Owner, specialist or status changed."""

    conversation: str
    owner: str
    specialist: str | None
    status: str


@dataclass(frozen=True, slots=True)
class LiveDelta:
    """A piece of an answer in the making."""

    delta: Delta


@dataclass(frozen=True, slots=True)
class LiveTyping:
    """Somebody is writing."""

    conversation: str
    author: dict[str, Any]


LiveEvent = LiveEntry | LiveTurn | LiveState | LiveDelta | LiveTyping
Watcher = Callable[[LiveEvent], None]
EveryWatcher = Callable[[str, LiveEvent], None]


class Live:
    """Tails for this process's watchers, and the way to publish hints (`core.ports.LiveFeed`)."""

    name = "live"

    def __init__(self, calls: Calls, reading: Client, *, shards: int) -> None:
        self._calls = calls
        self._reading = reading
        self._shards = shard_names(shards)
        self._watchers: defaultdict[str, list[Watcher]] = defaultdict(list)
        self._everywhere: list[EveryWatcher] = []

    def watch(self, conversation: str, on_event: Watcher) -> Callable[[], None]:
        """Call `on_event` (on the loop, must not block) for each event; returns the un-watch."""
        self._watchers[conversation].append(on_event)

        def unwatch() -> None:
            watchers = self._watchers.get(conversation)
            if watchers and on_event in watchers:
                watchers.remove(on_event)
                if not watchers:
                    del self._watchers[conversation]

        return unwatch

    def watch_all(self, on_event: EveryWatcher) -> Callable[[], None]:
        """As `watch`, for all conversations; `on_event` is told which one."""
        self._everywhere.append(on_event)

        def unwatch() -> None:
            if on_event in self._everywhere:
                self._everywhere.remove(on_event)

        return unwatch

    async def publish_delta(self, delta: Delta) -> None:
        """See `core.ports.LiveFeed`."""
        await self._publish(delta.conversation, "delta", delta.model_dump())

    async def publish_typing(self, conversation: ConversationId, author: dict[str, Any]) -> None:
        """See `core.ports.LiveFeed`."""
        await self._publish(conversation, "typing", author)

    async def _publish(self, conversation: str, kind: str, data: Any) -> None:
        keys = ConversationKeys.of(conversation)
        await self._calls.script(
            scripts.HINT, [keys.head, live_key(keys.shard)],
            [kind, conversation, orjson.dumps(data), _HINTS_KEPT],
        )  # fmt: skip

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Tail until stopped. On a cluster each shard has a reader of its own."""
        groups = (
            [[shard] for shard in self._shards]
            if isinstance(self._reading, RedisCluster)
            else [self._shards]
        )
        started = [asyncio.Event() for _ in groups]
        tasks = [
            spawn(self._tail(shards, mark), name="live-tail")
            for shards, mark in zip(groups, started, strict=True)
        ]
        try:
            for mark in started:
                await mark.wait()
            ready.set()
            await stop.wait()
        finally:
            await end_tasks(*tasks, has_cleanup=False)

    async def _tail(self, shards: list[str], started: asyncio.Event) -> None:
        backoff, failures = Backoff(), 0
        positions: dict[Any, Any] = {}
        while True:
            try:
                if not positions:
                    positions = await self._ends(shards)
                    started.set()
                answer: Any = await self._reading.xread(
                    dict(positions), count=_COUNT, block=_BLOCK_MS
                )
                failures = 0
            except STORE_ERRORS as error:
                _log.warning(
                    "live_tail_failed", error=type(error).__name__, detail=str(error)[:120]
                )
                await asyncio.sleep(backoff.pause(failures))
                failures += 1
                continue
            count = 0
            for key, records in stream_records(answer):
                for identifier, flat in records:
                    self._dispatch(flat)
                    positions[key.decode()] = identifier.decode()
                count += len(records)
            await linger(count)

    async def _ends(self, shards: list[str]) -> dict[str, str]:
        """Where each stream ends now; fixed ids, so that nothing between two reads is missed."""
        ends: dict[str, str] = {}
        for shard in shards:
            for key in (journal_key(shard), live_key(shard)):
                last: Any = await self._reading.xrevrange(key, count=1)
                ends[key] = last[0][0].decode() if last else "0-0"
        return ends

    def _dispatch(self, flat: Any) -> None:
        record = pair(flat)
        conversation = record[b"c"].decode()
        watchers = self._watchers.get(conversation, ())
        if not watchers and not self._everywhere:
            return
        try:
            events = _events(conversation, record)
        except Exception as error:  # noqa: BLE001 -- of another version: the next one must be read
            _log.error("live_record_unread", conversation=conversation, error=type(error).__name__)
            return
        for event in events:
            calls = [partial(watcher, event) for watcher in watchers]
            calls += [partial(watcher, conversation, event) for watcher in self._everywhere]
            for call in calls:
                try:
                    call()
                except Exception:  # noqa: BLE001 -- one watcher must not silence the others
                    _log.exception("live_watcher_failed", conversation=conversation)


def _events(conversation: str, record: dict[bytes, bytes]) -> list[LiveEvent]:
    events: list[LiveEvent] = []
    kind = record[b"k"]
    if kind == b"entry":
        entry = make_entry(int(record[b"s"]), record[b"b"], record[b"t"], record[b"e"])
        events.append(LiveEntry(entry))
    elif kind == b"delta":
        return [LiveDelta(Delta.model_construct(**orjson.loads(record[b"b"])))]
    elif kind == b"typing":
        return [LiveTyping(conversation, orjson.loads(record[b"b"]))]
    if b"h" in record:
        owner, specialist, status = record[b"h"].decode().split("|")
        events.append(LiveState(conversation, owner, specialist or None, status))
    if kind == b"turn":
        events.append(LiveTurn(conversation, int(record[b"n"]), int(record[b"s"])))
    return events
