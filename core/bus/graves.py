"""Forgetting in the store: a conversation with all its keys, and every trace of a person elsewhere.

Above: `core.privacy.erasure`. Below: `addresses`, `lives`, the scripts `entomb` and `scrub`,
redis-py. The tombstone is the conversation's key `gone` with the word `erased`: `restore` heeds it,
and every other script writes only where there is a head. Every step may be done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog

from core.bus import scripts
from core.bus.addresses import lead_away
from core.bus.connect import Bus
from core.bus.keys import (
    PREFIX,
    ConversationKeys,
    alarms_key,
    bygone_key,
    dead_key,
    journal_key,
    live_key,
    scheduled_key,
    unseen_key,
)
from core.bus.lives import read_sign
from core.bus.log import SENT
from core.bus.records import pair, parse_entries, parse_head
from core.conversation import Head
from core.messages import Entry

_log = structlog.get_logger("privacy")
_AT_ONCE = 500
# A stream that is longer is not made anew in one step: it would stop the store for too long.
_MOST_RECORDS = 50_000
_MARK = f"{PREFIX}:{{00}}:tombstones"
# Strings that may hold what was said or whose name it was: answers kept for a repeat, notes.
_NOTES = ("answer", "kept", "blocked")


@dataclass(frozen=True)
class Remains:
    """What the store still knew of a conversation when it was entombed."""

    head: Head | None = None
    entries: tuple[Entry, ...] = ()
    events: frozenset[str] = frozenset()
    sent: tuple[tuple[str, str], ...] = ()
    waiting: int = 0


@dataclass
class Removed:
    """How many of what went."""

    counts: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, what: str, count: int) -> None:
        """Some more of these."""
        if count > 0:
            self.counts[what] = self.counts.get(what, 0) + count


class Graves:
    """The store's side of an erasure. All methods raise `BusUnavailable`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._calls = bus.calls

    async def entomb(self, conversation: str) -> Remains:
        """From here on nobody finds it and nothing brings it back. What is told is the same until
        `clear`."""
        keys = ConversationKeys.of(conversation)
        raw_head, names_seen, raw_sends = await self._put_up(keys)
        raw_log: Any = await self._calls.command("XRANGE", keys.log, "-", "+")
        head = pair(raw_head)
        seen = {name.decode() for name in names_seen or ()}
        sent, waiting = read_sends(pair(raw_sends))
        return Remains(
            head=parse_head(conversation, head) if head else None,
            entries=tuple(parse_entries(raw_log or ())),
            events=frozenset(name for name in seen if not name.startswith(SENT)),
            sent=tuple(sent),
            waiting=waiting,
        )

    async def end(self, conversation: str, *, before: datetime) -> bool:
        """Entomb it, unless something was said in it since then: False, and it is as it was."""
        keys = ConversationKeys.of(conversation)
        return await self._put_up(keys, int(before.timestamp() * 1000)) is not None

    async def note_traces(self, traces: Sequence[str], *, at_ms: int) -> None:
        """Traces of events, so that a platform which repeats one is turned away."""
        for start in range(0, len(traces), _AT_ONCE):
            words = [part for trace in traces[start : start + _AT_ONCE] for part in (at_ms, trace)]
            await asyncio.gather(
                *(self._calls.command("ZADD", bygone_key(shard), *words)
                  for shard in self._bus.shards)
            )  # fmt: skip

    async def forget_bygone(self, before_ms: int) -> None:
        """No platform repeats what is older."""
        for shard in self._bus.shards:
            await self._calls.command("ZREMRANGEBYSCORE", bygone_key(shard), "-inf", before_ms)

    async def clear(self, conversation: str) -> Removed:
        """Delete everything under its names but the tombstone, and its lines in the streams."""
        keys, removed = ConversationKeys.of(conversation), Removed()
        for key in (keys.log, keys.seen, keys.sends, keys.steps, keys.state):
            removed.add("redis_keys", int(await self._calls.command("DEL", key) or 0))
        async for once in self._scan(f"{keys.head}:once:*"):
            removed.add("redis_keys", int(await self._calls.command("DEL", once) or 0))
        await self._calls.command("ZREM", alarms_key(keys.shard), conversation)
        await self._calls.command("ZREM", unseen_key(keys.shard), conversation)
        for name in ("touched", "retell"):
            await self._calls.command("ZREM", f"{PREFIX}:{{{keys.shard}}}:{name}", conversation)
        async for member in self._scheduled(keys.shard, conversation):
            await self._calls.command("ZREM", scheduled_key(keys.shard), member)
        for stream in (journal_key(keys.shard), dead_key(keys.shard)):
            removed.add("redis_records", await self._scrub(stream, conversation))
        # Hints of all conversations of this shard; whoever misses one reads the log.
        await self._calls.command("DEL", live_key(keys.shard))
        # The last of it: as long as this is here, something may be left (`find_unburied`).
        removed.add("redis_keys", int(await self._calls.command("DEL", keys.dying) or 0))
        return removed

    async def clear_names(
        self, conversations: Collection[str], needles: Collection[str]
    ) -> Removed:
        """Delete the addresses that lead to these conversations, and the short notes that hold
        one of the needles (ids, addresses, names)."""
        removed = Removed()
        wanted = {name.encode() for name in conversations}
        async for key, value in self._strings(f"{PREFIX}:{{*}}:a:*"):
            if value in wanted:
                led = await lead_away(self._calls, key.decode(), value.decode())
                removed.add("redis_addresses", int(led))
        marks = [text.encode() for text in (*conversations, *needles) if len(text) > 2]
        for kind in _NOTES:
            async for key, value in self._strings(f"{PREFIX}:{{*}}:{kind}:*"):
                if any(mark in value for mark in marks):
                    removed.add("redis_notes", int(await self._calls.command("DEL", key) or 0))
        return removed

    async def conversations_of(self, contacts: Collection[str]) -> list[str]:
        """Conversations of these contacts that are in the store, archived or not."""
        wanted = {name.encode() for name in contacts}
        found: set[str] = set()
        heads: list[tuple[bytes, bytes]] = []
        async for key in self._scan(f"{PREFIX}:{{*}}:c:cv_*"):
            name, _, part = key.split(b":c:", 1)[1].partition(b":")
            if part in {b"", b"dying"}:
                heads.append((key, name))
        for start in range(0, len(heads), _AT_ONCE):
            some = heads[start : start + _AT_ONCE]
            asked = [self._calls.command("HGET", key, "contact") for key, _ in some]
            whose = await asyncio.gather(*asked)
            found |= {
                name.decode() for (_, name), who in zip(some, whose, strict=True) if who in wanted
            }
        return sorted(found)

    async def is_erased(self, conversation: str) -> bool:
        """True if it has a tombstone here."""
        return await self._calls.command("GET", ConversationKeys.of(conversation).gone) == b"erased"

    async def let_go(self, conversations: Collection[str], *, days: int = 30) -> None:
        """These are too old for anybody to come back to them: their tombstones may end."""
        for name in conversations:
            key = ConversationKeys.of(name).gone
            await self._calls.command("EXPIRE", key, days * 86_400)

    async def find_unburied(self, conversations: Sequence[str]) -> list[str]:
        """Those of them that have no tombstone here, or are not cleared: the store was lost, or
        replaced by one of before their erasure."""
        found: list[str] = []
        for start in range(0, len(conversations), _AT_ONCE):
            some = conversations[start : start + _AT_ONCE]
            buried = await asyncio.gather(*map(self._is_buried, some))
            found += [name for name, is_so in zip(some, buried, strict=True) if not is_so]
        return found

    async def bury_again(self, conversations: Sequence[str]) -> int:
        """Put their tombstones up, and clear those that lived; how many did."""
        if not conversations:
            return 0
        # Addresses first, tombstones then: without its tombstone one is found again after a crash.
        await self.clear_names(conversations, ())
        lived: list[str] = []
        for start in range(0, len(conversations), _AT_ONCE):
            some = conversations[start : start + _AT_ONCE]
            told = await asyncio.gather(*(self._put_up(ConversationKeys.of(name)) for name in some))
            lived += [name for name, (head, *_) in zip(some, told, strict=True) if head]
        for name in lived:
            await self.clear(name)
        return len(lived)

    async def life(self) -> str:
        """Which life the store is in, as far as anybody has looked."""
        return (await read_sign(self._calls)).life or ""

    async def note_armed(self, sign: str) -> None:
        """All tombstones of which this is the sign are up."""
        await self._calls.command("SET", _MARK, sign)

    async def is_armed(self, sign: str) -> bool:
        """True if the store has all tombstones of this sign. One that was lost says nothing of it,
        an older one names another."""
        return await self._calls.command("GET", _MARK) == sign.encode()

    async def rewrite(self, *, seconds: float = 60.0) -> bool:
        """Let the server write its append-only file anew, so that what was deleted is on no disk.
        False: it did not end in time, or may not be asked for (a server of somebody else's)."""
        client: Any = self._bus.client
        try:
            async with asyncio.timeout(seconds):
                await self._wait_for_rewrite()
                await client.bgrewriteaof()
                await self._wait_for_rewrite()
        except TimeoutError:
            return False
        except Exception as error:  # noqa: BLE001 -- a managed server refuses in its own words
            _log.warning("store_not_rewritten", error=type(error).__name__)
            return False
        return True

    async def _wait_for_rewrite(self) -> None:
        while True:
            info = await self._bus.info()
            if not info.get("aof_rewrite_in_progress") and not info.get("aof_rewrite_scheduled"):
                return
            await asyncio.sleep(0.05)

    async def _put_up(self, keys: ConversationKeys, before_ms: int | None = None) -> Any:
        names = [
            keys.head, keys.log, keys.seen, keys.state, keys.turns, keys.sends, keys.steps,
            keys.gone, keys.dying,
        ]  # fmt: skip
        before = "" if before_ms is None else before_ms
        return await self._calls.script(scripts.ENTOMB, names, [before])

    async def _is_buried(self, conversation: str) -> bool:
        keys = ConversationKeys.of(conversation)
        stone, left = await asyncio.gather(
            self._calls.command("GET", keys.gone),
            self._calls.command("EXISTS", keys.head, keys.dying),
        )
        return stone == b"erased" and not left

    async def _scrub(self, stream: str, conversation: str) -> int:
        gone: int = await self._calls.script(
            scripts.SCRUB, [stream, f"{stream}:copy"], [conversation, _MOST_RECORDS]
        )
        if gone < 0:
            _log.warning("stream_too_long", stream=stream)
        return max(gone, 0)

    async def _scheduled(self, shard: str, conversation: str) -> AsyncIterator[bytes]:
        raw: Any = await self._calls.command("ZRANGE", scheduled_key(shard), 0, -1)
        for member in raw or ():
            if member.endswith(f"|{conversation}".encode()):
                yield member

    async def _strings(self, pattern: str) -> AsyncIterator[tuple[bytes, bytes]]:
        async for key in self._scan(pattern):
            value = await self._calls.command("GET", key)
            if value is not None:
                yield key, value

    async def _scan(self, pattern: str) -> AsyncIterator[bytes]:
        client: Any = self._bus.client
        async for key in client.scan_iter(match=pattern, count=1_000):
            yield key


def read_sends(raw: dict[bytes, bytes]) -> tuple[list[tuple[str, str]], int]:
    """(reader, the platform's id) of everything that was sent, and how much was on its way."""
    sent: list[tuple[str, str]] = []
    waiting = 0
    for name, value in raw.items():
        reader, _, _ = name.decode().partition(":")
        status, _, rest = value.decode().partition("|")
        _, _, detail = rest.partition("|")
        if not detail or name == b"preview":
            continue
        waiting += status == "sending"
        found: dict[str, Any] = orjson.loads(detail)
        sent += [(reader, one) for one in found.get("ids") or ()]
    return sent, waiting
