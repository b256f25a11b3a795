"""What the log contract needs beside `core.ports.Log`: a reader's view, and the hand on the clock.

Above: `log_contract`, `test_log`. Below: `core.bus`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

from redis.exceptions import ResponseError

from core.bus.alarms import AlarmClock
from core.bus.connect import Bus
from core.bus.expiry import Expiry
from core.bus.keys import ENGINE_GROUP, ConversationKeys, journal_key, ready_key
from core.bus.records import stream_records
from core.conversation import Claim
from core.ids import ConversationId
from core.ports import Log
from tests.fakes.proxy import CuttingProxy
from tests.fakes.vault import MemoryVault


@dataclass(frozen=True)
class JournalLine:
    """A line of the journal: `entry` or `turn`, and the sequence it is about."""

    kind: str
    seq: int


class LogRig(Protocol):
    """One implementation under test."""

    exempt: ClassVar[dict[str, str]]
    log: Log

    async def wake(self, conversation: ConversationId, reader: str = "engine") -> str | None:
        """The wake-up that stands for this reader now, as a reader would get it; None: none."""
        ...

    async def wakes(self, conversation: ConversationId, reader: str = "engine") -> int:
        """How many wake-ups of this conversation lie on the reader's stream."""
        ...

    async def expire(self, claim: Claim) -> None:
        """Turn the clock: the lease of this claim has run out."""
        ...

    def follow(self) -> None:
        """From now on people's cases are followed by `case` and `desk`."""
        ...

    async def ring(self) -> int:
        """Alarms that are due go off; how many."""
        ...

    async def journal(self, conversation: ConversationId) -> list[JournalLine]:
        """All its lines, first to last."""
        ...

    async def put_away(self, conversation: ConversationId, *, archived: bool = True) -> bool:
        """Turn the clock by days: it leaves the store if it may. `archived`: the archive has all
        that was said."""
        ...

    async def is_here(self, conversation: ConversationId) -> bool:
        """True while it is in the store."""
        ...

    def outage(self) -> AbstractAsyncContextManager[None]:
        """The store is away during this block, and back after it."""
        ...

    def losing_answers(self) -> AbstractAsyncContextManager[tuple[Log, Callable[[], None]]]:
        """A log, and a function that makes it lose the answer to its next request."""
        ...


@dataclass
class RedisRig:
    """`RedisLog` on one server or a cluster."""

    exempt: ClassVar[dict[str, str]] = {}
    bus: Bus
    stop_store: Callable[[], None]
    start_store: Callable[[], None]
    recover: Callable[[], Awaitable[None]]
    open_through: Callable[[], AbstractAsyncContextManager[tuple[Bus, CuttingProxy]]] | None = None
    log: Log = field(init=False)
    vault: MemoryVault = field(default_factory=MemoryVault)

    def __post_init__(self) -> None:
        self.log = self.bus.log
        self.bus.log.keep_in(self.vault)

    def follow(self) -> None:
        self.bus.log.follow_with(("case", "desk"))

    async def ring(self) -> int:
        return await AlarmClock(self.bus.calls, shards=self.bus.settings.shards).ring()

    async def put_away(self, conversation: ConversationId, *, archived: bool = True) -> bool:
        if archived:
            await self.vault.copy(self.bus.log, conversation)
        later = datetime.now(UTC) + timedelta(minutes=1)
        return await Expiry(self.bus.calls, self.vault, days=7).take_out(conversation, later)

    async def is_here(self, conversation: ConversationId) -> bool:
        key = ConversationKeys.of(conversation).head
        return bool(await self.bus.calls.command("EXISTS", key))

    async def wake(self, conversation: ConversationId, reader: str = "engine") -> str | None:
        keys = ConversationKeys.of(conversation)
        raw = await self.bus.calls.command("HGET", keys.head, f"w:{reader}")
        if raw is None:
            return None
        await self._read(await self._stream(keys, reader))
        return raw.decode()

    async def wakes(self, conversation: ConversationId, reader: str = "engine") -> int:
        stream = await self._stream(ConversationKeys.of(conversation), reader)
        lines: Any = await self.bus.calls.command("XRANGE", stream, "-", "+")
        return sum(conversation.encode() in _flat(fields) for _, fields in lines)

    async def expire(self, claim: Claim) -> None:
        keys = ConversationKeys.of(claim.conversation)
        await self.bus.calls.command("HSET", keys.head, f"u:{claim.reader}", 1)

    async def journal(self, conversation: ConversationId) -> list[JournalLine]:
        keys = ConversationKeys.of(conversation)
        raw: Any = await self.bus.calls.command("XRANGE", journal_key(keys.shard), "-", "+")
        lines = [_flat(fields) for _, fields in raw]
        return [
            JournalLine(_value(line, b"k").decode(), int(_value(line, b"s")))
            for line in lines
            if _value(line, b"c") == conversation.encode()
        ]

    @asynccontextmanager
    async def outage(self) -> AsyncGenerator[None]:
        self.stop_store()
        try:
            yield
        finally:
            self.start_store()
            await self.recover()

    @asynccontextmanager
    async def losing_answers(self) -> AsyncGenerator[tuple[Log, Callable[[], None]]]:
        assert self.open_through is not None
        async with self.open_through() as (bus, proxy):
            yield bus.log, proxy.lose_answers

    async def _stream(self, keys: ConversationKeys, reader: str) -> str:
        if reader != "customer":
            return ready_key(keys.shard, reader)
        channel = await self.bus.calls.command("HGET", keys.head, "ch")
        return ready_key(keys.shard, f"deliver:{channel.decode()}")

    async def _read(self, stream: str) -> None:
        """Take what is new, as a reader does: it stays pending until it is settled."""
        with suppress(ResponseError):  # the group is there already
            await self.bus.client.xgroup_create(stream, ENGINE_GROUP, id="0", mkstream=True)
        answer: Any = await self.bus.reading.xreadgroup(ENGINE_GROUP, "rig", {stream: ">"})
        stream_records(answer)


def _flat(fields: Any) -> list[bytes]:
    if isinstance(fields, dict):
        return [item for pair in fields.items() for item in pair]
    return list(fields)


def _value(flat: list[bytes], name: bytes) -> bytes:
    return dict(zip(flat[::2], flat[1::2], strict=True))[name]
