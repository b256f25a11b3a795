"""Rebuilds a store that lost what it held, from the archive; at the start, and while all runs on.

Above: the composition root (`look` at the start, then the service). Below: `lives`, `restoring`,
`addresses`. One process rebuilds, the others wait for it. Meanwhile messages come in: whatever
conversation is asked for comes back at once (`reload`), the rest follows. See ADR 0026.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from core import telemetry
from core.bus import scripts
from core.bus.addresses import lead
from core.bus.calls import STORE_ERRORS, Client
from core.bus.connect import Bus
from core.bus.keys import PREFIX, ConversationKeys, rebuild_key, shard_of_key, touched_key
from core.bus.lives import Life, LifeBook, Reason, Rebuilt, Sign, judge, note_sign, read_sign
from core.bus.restoring import restore
from core.bus.snapshot import Snapshot
from core.errors import BusError
from core.ids import is_conversation_id
from core.runtime import sleep_until

_log = structlog.get_logger("rebuild")
_LOOK_SECONDS = 0.5
_READ_SECONDS = 20.0
_AT_ONCE = 200
_ADDRESSES_AT_ONCE = 500
# Held by who rebuilds, and held on to with every piece of it.
_LOCK_SECONDS = 15

Report = Callable[[int, int], None]


def _quiet(_done: int, _total: int) -> None:
    pass


class _LostAgain(Exception):
    """The store is another than the one that was looked at."""


class _NewLife:
    """The life that the store is about to begin.

    It is in the book before the first conversation comes back: whatever was read from the store
    before that and is not written yet is refused by the archive (`raise_mark`), so nothing can
    change any more in what is brought back.
    """

    def __init__(
        self, bus: Bus, book: LifeBook, reason: Reason, mark: int, kept_until: datetime | None,
        run: str,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._book = book
        self._reason = reason
        self._mark = mark
        self._kept_until = kept_until
        self._run = run
        self._name = secrets.token_hex(12)
        self.is_begun = False

    async def begin(self) -> None:
        """From now on the archive takes nothing that is of another."""
        if self.is_begun:
            return
        made = Rebuilt(kept_until=self._kept_until)
        mark = await self._book.begin(self._name, self._reason, mark=self._mark, made=made)
        fields = {"shards": self._bus.settings.shards, "life": self._name, "run": self._run}
        await self._note(fields, mark=mark)
        self.is_begun = True

    async def complete(self, made: Rebuilt) -> None:
        """The store is whole, unless it was lost again, or another began to rebuild it."""
        await self.begin()
        await self._book.complete(self._name, made)
        await self._note({"incarnation": self._name}, life=self._name)

    async def _note(
        self, fields: Mapping[str, str | int], *, life: str = "", mark: int = 0
    ) -> None:
        if not await note_sign(self._bus.calls, self._run, fields, life=life, mark=mark):
            raise _LostAgain


class StoreWatch:
    """Service: one in each process; it also says whether the store is whole."""

    name = "store-watch"

    def __init__(self, bus: Bus, book: LifeBook) -> None:
        self._bus = bus
        self._book = book
        self._me = secrets.token_hex(8)
        self._next_reading = 0.0

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, _LOOK_SECONDS):
            try:
                await self._glance()
            except (*STORE_ERRORS, BusError) as error:
                # A store or an archive that is away will be looked at when it is back.
                _log.debug("store_not_looked_at", error=type(error).__name__)

    async def _glance(self) -> None:
        """What costs little: is it the same server, does it know its life, and does the archive?"""
        sign = await read_sign(self._bus.calls)
        if sign.incarnation is None or not sign.is_judged or self._bus.log.rebuilding:
            await self.look()
        elif time.monotonic() > self._next_reading:
            self._next_reading = time.monotonic() + _READ_SECONDS
            life = await self._book.newest()
            if life is None or life.incarnation != sign.life:  # the database is another
                await self.look()

    async def look(self, report: Report = _quiet) -> Reason | None:
        """Compare store and archive, and mend what differs. Returns what was amiss."""
        while True:
            sign = await read_sign(self._bus.calls)
            # Also while the archive cannot say what is missing: nobody may believe it is all here.
            self._bus.log.rebuilding |= sign.incarnation is None
            reason = judge(sign, await self._book.newest())
            self._bus.log.rebuilding = reason in ("wiped", "older")
            if reason is None:
                if await note_sign(self._bus.calls, sign.run, {"run": sign.run}):
                    return None
                continue  # it was started anew at this moment
            if not await self._hold():
                await asyncio.sleep(_LOOK_SECONDS)  # another process is at it
                continue
            try:
                return await self._mend(report)
            except _LostAgain:
                _log.warning("store_lost_again")
            finally:
                await self._let_go()

    async def _mend(self, report: Report) -> Reason | None:
        """We hold the lock; somebody may have been quicker."""
        sign, life = await read_sign(self._bus.calls), await self._book.newest()
        reason = judge(sign, life)
        if reason == "older" and sign.incarnation and not await self._book.knows(sign.incarnation):
            # Not a store of this archive: what it holds is kept, nothing is put into it.
            reason = "adopted"
        if reason is not None:
            await self._begin(reason, sign, life, report)
        self._bus.log.rebuilding = False
        return reason

    async def _begin(self, reason: Reason, sign: Sign, life: Life | None, report: Report) -> None:
        began = time.monotonic()
        kept_until = (life.written_at or life.began_at) if life else None
        mark = max(sign.mark, life.mark if life else 0)
        new = _NewLife(self._bus, self._book, reason, mark, kept_until, sign.run)
        if reason in ("wiped", "older"):
            _log.warning("store_is_behind_the_archive", reason=reason, kept_until=str(kept_until))
            if reason == "wiped":
                await new.begin()
            conversations, addresses = await self._restore_all(new, report)
        else:
            conversations, addresses = await self._touch_all(), 0
            if reason == "adopted":
                _log.warning("store_adopted", conversations=conversations)
        # A crash between a write of the archive and its note in the store: nothing was lost.
        same = life is not None and {sign.incarnation, sign.life} == {life.incarnation}
        if reason == "older" and same and not conversations:
            await note_sign(self._bus.calls, sign.run, {"run": sign.run}, mark=mark)
            return
        made = Rebuilt(conversations, addresses, round(time.monotonic() - began, 3), kept_until)
        await new.complete(made)
        if reason in ("wiped", "older"):
            telemetry.STORE_REBUILDS.labels(reason).inc()
            _log.warning(
                "store_rebuilt", reason=reason, conversations=conversations, addresses=addresses,
                seconds=made.seconds, kept_until=str(kept_until),
            )  # fmt: skip

    async def _restore_all(self, new: _NewLife, report: Report) -> tuple[int, int]:
        total, done, back, after = await self._book.count_open(), 0, 0, ""
        while found := await self._book.open_after(after, limit=_AT_ONCE):
            lost = await self._lost(found)
            if lost and not new.is_begun:
                await new.begin()
                done, after = 0, ""  # what the archive was still writing is there now
                continue
            after = found[-1].conversation
            said = await self._book.newest_entries(lost)
            results = await asyncio.gather(
                *(restore(self._bus.calls, item, said[item.conversation]) for item in lost)
            )
            back += sum(result == 1 for result in results)
            done += len(found)
            report(done, max(total, done))
            await self._hold_on()
        return back, await self._restore_addresses()

    async def _restore_addresses(self) -> int:
        count, after = 0, ""
        while found := await self._book.addresses_after(after, limit=_ADDRESSES_AT_ONCE):
            after = found[-1][0]
            led = await asyncio.gather(
                *(lead(self._bus.calls, key, name, note=False) for key, name in found)
            )
            count += sum(before is None for before in led)
            await self._hold_on()
        return count

    async def _lost(self, found: Sequence[Snapshot]) -> list[Snapshot]:
        """Those that the store does not have, or only an older state of."""
        here = await asyncio.gather(*(self._rev(item.conversation) for item in found))
        return [item for item, rev in zip(found, here, strict=True) if rev < item.rev]

    async def _rev(self, conversation: str) -> int:
        """How new the store's own state is; -1: it has none."""
        if not is_conversation_id(conversation):
            return 1 << 60
        head = ConversationKeys.of(conversation).head
        raw = await self._bus.calls.command("HMGET", head, "seq", "rev")
        return int(raw[1] or 0) if raw[0] else -1

    async def _touch_all(self) -> int:
        """Let the archive look at everything that is in the store."""
        count = 0
        async for raw in _scan(self._bus.client):
            key = raw.decode()
            _, _, rest = key.partition("}:")
            kind, _, name = rest.partition(":")
            if kind == "c" and is_conversation_id(name):
                mark = max(await self._rev(name), 0)
                count += 1
            elif kind == "a":
                name, mark = f"@{key}", 0
            else:
                continue
            where = touched_key(shard_of_key(key))
            await self._bus.calls.command("ZADD", where, "GT", mark, name)
        return count

    async def _hold(self) -> bool:
        """Take the lock, or hold it longer."""
        key = rebuild_key()
        before = await self._bus.calls.script(scripts.KEEP, [key], [self._me, _LOCK_SECONDS])
        if not before:
            return True
        if before.decode() != self._me:
            return False
        await self._bus.calls.command("EXPIRE", key, _LOCK_SECONDS)
        return True

    async def _hold_on(self) -> None:
        if not await self._hold():
            raise _LostAgain

    async def _let_go(self) -> None:
        held = await self._bus.calls.command("GET", rebuild_key())
        if held and held.decode() == self._me:
            await self._bus.calls.command("DEL", rebuild_key())


async def _scan(client: Client) -> AsyncIterator[bytes]:
    untyped: Any = client
    async for key in untyped.scan_iter(match=f"{PREFIX}:*", count=1000):
        yield key
