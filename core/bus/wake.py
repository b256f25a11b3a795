"""The loop of every reader: take wake-ups, hand each to the handler, take over from the dead.

Above: `core.engine.worker`, `channels.delivery`. Below: `calls`, `keys`, `log`. A wake-up says
only "there is something to read here"; the claim decides. It stays pending until the conversation's
commit (or `finish`) settles it, so a reader that dies leaves it to be taken over.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from redis.exceptions import ResponseError

from core import telemetry
from core.bus import scripts
from core.bus.calls import STORE_ERRORS
from core.bus.connect import Bus
from core.bus.keys import ENGINE_GROUP, ConversationKeys, ready_key, scheduled_key
from core.bus.records import pair, stream_records
from core.conversation import Claim, NotClaimed
from core.errors import BusError
from core.ids import ConversationId, is_conversation_id
from core.runtime import Backoff, TaskPool, end_tasks, linger, sleep_until, spawn

_log = structlog.get_logger("wake")
_BLOCK_MS = 1_000
_SWEEP_SECONDS = 5.0
# The longest pause between two looks for wake-ups of dead readers: it adds to their lease.
_LOOK_SECONDS = 1.0
_LOST_AFTER_MS = 3_000
_FORGET_AFTER_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Wake:
    """A wake-up: this conversation has something for the reader.

    `taken_over`: its reader was silent for a lease. `orphan`: its reader is known to be dead.
    """

    conversation: ConversationId
    id: str
    shard: str
    stream: str
    taken_over: bool = False
    orphan: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Ids of wake-ups are unique within their shard's stream only."""
        return self.shard, self.id


Handler = Callable[[Wake], Awaitable[None]]


class WakeLoop:
    """Runs `handle` for each wake-up of `stream`, many conversations side by side."""

    def __init__(self, bus: Bus, *, reader: str, stream: str, handle: Handler) -> None:
        self._bus = bus
        self._reader = reader
        self._stream = stream
        self._handle = handle
        self.consumer = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._pool = TaskPool(f"{stream}-wake", limit=bus.settings.slots)
        self._busy: set[tuple[str, str]] = set()

    async def run(self, stop: asyncio.Event, ready: asyncio.Event, *, grace_seconds: float) -> None:
        """Until stopped: then finish what is under way, at most `grace_seconds`."""
        await self._make_groups()
        ready.set()
        loops = [
            spawn(self._read(group), name=f"{self._stream}-read")
            for group in self._bus.shard_groups
        ]
        loops.append(spawn(self._take_over(), name=f"{self._stream}-take-over"))
        loops.append(spawn(self._sweep(stop), name=f"{self._stream}-sweep"))
        if self._bus.embedded is not None:
            loops.append(spawn(self._adopt_orphans(), name=f"{self._stream}-adopt"))
        try:
            await stop.wait()
        finally:
            await end_tasks(*loops, has_cleanup=False)
            # Asked to stop, we finish what we hold; cancelled, we drop it at once.
            await self._pool.drain(grace_seconds if stop.is_set() else 0)

    async def claim(
        self, wake: Wake, *, lease_ms: int, window: int = 0, longest_seconds: float | None = None
    ) -> Claim | None:
        """The claim of what a wake-up tells of, once it is due and its holder is done with it; None
        when there is nothing (more) to do. `longest_seconds`: what is due later than that is left
        to its own wake-up."""
        while True:
            got = await self._bus.log.claim(
                self._reader, wake.conversation, wake.id, lease_ms=lease_ms, window=window,
                stream=self._stream, force=wake.orphan,
            )  # fmt: skip
            if not isinstance(got, NotClaimed):
                return got
            if got.reason == "done" or (got.reason == "busy" and not wake.taken_over):
                return None  # its holder lives, or the take-over will bring it back
            pause = got.retry_ms / 1000 + 0.001
            if got.reason == "early" and longest_seconds is not None and pause > longest_seconds:
                return None
            await asyncio.sleep(pause)

    async def give_back(self, claim: Claim) -> None:
        """We are told to end: let another reader go on at once, not after the lease."""
        try:
            async with asyncio.timeout(1):
                await self._bus.log.finish(claim, stream=self._stream)
        except (BusError, TimeoutError):
            _log.info("lease_not_given_back", conversation=claim.conversation)

    async def _make_groups(self) -> None:
        for shard in self._bus.shards:
            try:
                key = ready_key(shard, self._stream)
                await self._bus.reading.xgroup_create(key, ENGINE_GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def _read(self, shards: list[str]) -> None:
        backoff, failures = Backoff(), 0
        by_key = {ready_key(shard, self._stream): shard for shard in shards}
        streams: Any = dict.fromkeys(by_key, ">")
        while True:
            await self._pool.wait_room()
            room = max(1, self._pool.free // len(shards))
            try:
                answer: Any = await self._bus.reading.xreadgroup(
                    ENGINE_GROUP, self.consumer, streams, count=room, block=_BLOCK_MS
                )
                failures = 0
            except STORE_ERRORS as error:
                await self._recover(error, backoff.pause(failures))
                failures += 1
                continue
            count = 0
            for key, records in stream_records(answer):
                for identifier, flat in records:
                    await self._start(self._wake(by_key[key.decode()], identifier, flat))
                count += len(records)
            await linger(count)

    async def _recover(self, error: Exception, pause: float) -> None:
        """The group may be gone with its stream; otherwise the server is, for a while."""
        _log.warning("wake_read_failed", stream=self._stream, error=type(error).__name__)
        await asyncio.sleep(pause)
        try:
            await self._make_groups()
        except STORE_ERRORS:
            return
        await self._take_own()

    async def _take_own(self) -> None:
        """Wake-ups that were given to us in an answer that was lost on the way."""
        for shard in self._bus.shards:
            key: Any = ready_key(shard, self._stream)
            try:
                answer: Any = await self._bus.reading.xreadgroup(
                    ENGINE_GROUP, self.consumer, {key: "0"}, count=self._bus.settings.slots
                )
            except STORE_ERRORS:
                return
            for _, records in stream_records(answer):
                for identifier, flat in records:
                    if flat:
                        await self._start(self._wake(shard, identifier, flat))

    async def _adopt_orphans(self) -> None:
        """The embedded store has one process: what is pending when it starts is a dead one's."""
        for shard in self._bus.shards:
            answer: Any = await self._bus.reading.xautoclaim(
                ready_key(shard, self._stream), ENGINE_GROUP, self.consumer, min_idle_time=0,
                count=1000,
            )  # fmt: skip
            for identifier, flat in answer[1]:
                if flat:
                    wake = self._wake(shard, identifier, flat)
                    await self._start(replace(wake, taken_over=True, orphan=True))

    async def _take_over(self) -> None:
        """Wake-ups whose reader has been silent for longer than a lease."""
        lease_ms = int(self._bus.settings.lease_seconds * 1000)
        while True:
            await asyncio.sleep(min(self._bus.settings.lease_seconds / 5, _LOOK_SECONDS))
            for shard in self._bus.shards:
                try:
                    answer: Any = await self._bus.reading.xautoclaim(
                        ready_key(shard, self._stream), ENGINE_GROUP, self.consumer,
                        min_idle_time=lease_ms, count=16,
                    )  # fmt: skip
                except STORE_ERRORS:
                    break
                for identifier, flat in answer[1]:
                    if flat and (shard, identifier.decode()) not in self._busy:
                        telemetry.LEASE_STEALS.labels(self._reader).inc()
                        await self._start(self._wake(shard, identifier, flat, taken_over=True))

    async def _sweep(self, stop: asyncio.Event) -> None:
        """Put back wake-ups that their stream has lost (deleted, or cut by a hand)."""
        while not await sleep_until(stop, _SWEEP_SECONDS):
            for shard in self._bus.shards:
                try:
                    await self._sweep_shard(shard)
                    await self._forget_dead(shard)
                except (*STORE_ERRORS, BusError) as error:
                    _log.warning("sweep_failed", error=type(error).__name__)
                    break

    async def _sweep_shard(self, shard: str) -> None:
        before = int(time.time() * 1000) - _LOST_AFTER_MS
        members: Any = await self._bus.calls.command(
            "ZRANGEBYSCORE", scheduled_key(shard), 0, before, "LIMIT", 0, 100
        )
        for member in members or ():
            reader, _, conversation = member.decode().partition("|")
            if reader != self._reader or not is_conversation_id(conversation):
                continue
            keys = [
                ConversationKeys.of(conversation).head,
                ready_key(shard, self._stream),
                scheduled_key(shard),
            ]
            channel = self._stream.removeprefix("deliver:") if reader == "customer" else ""
            if await self._bus.calls.script(scripts.REWAKE, keys, [reader, conversation, channel]):
                _log.warning("wake_up_restored", conversation=conversation, reader=reader)

    async def _forget_dead(self, shard: str) -> None:
        """Names of readers that are long gone and hold nothing."""
        key = ready_key(shard, self._stream)
        consumers: Any = await self._bus.reading.xinfo_consumers(key, ENGINE_GROUP)
        for consumer in consumers:
            if not consumer["pending"] and consumer["idle"] > _FORGET_AFTER_MS:
                await self._bus.reading.xgroup_delconsumer(key, ENGINE_GROUP, consumer["name"])

    def _wake(self, shard: str, identifier: bytes, flat: Any, *, taken_over: bool = False) -> Wake:
        conversation = ConversationId(pair(flat)[b"c"].decode())
        return Wake(conversation, identifier.decode(), shard, self._stream, taken_over)

    async def _start(self, wake: Wake) -> None:
        if wake.key in self._busy:
            return
        self._busy.add(wake.key)
        await self._pool.start(self._work(wake))

    async def _work(self, wake: Wake) -> None:
        # Of this task only: each has its own context, and every log line in it names its subject.
        structlog.contextvars.bind_contextvars(conversation=wake.conversation)
        try:
            await self._handle(wake)
        finally:
            self._busy.discard(wake.key)
