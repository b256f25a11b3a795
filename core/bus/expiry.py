"""Takes conversations out of the store that nothing has happened in for days.

Above: the role `archive`. Below: `snapshot`, the script `evict`. Never before the archive has every
entry and receipt of them; the script refuses when anything has changed since it was written down.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from core.bus import scripts
from core.bus.calls import STORE_ERRORS, Arg, Calls
from core.bus.keys import ConversationKeys
from core.bus.snapshot import Snapshot, Vault
from core.bus.standing import read_standing
from core.errors import BusError
from core.ids import is_conversation_id
from core.runtime import sleep_until

_log = structlog.get_logger("expiry")
_AT_ONCE = 5_000
# More than any sequence: no entry comes after it.
_NOTHING = 1 << 40
_LONGEST_PAUSE = 3_600.0
_SHORTEST_PAUSE = 5.0


class Expiry:
    """Service: one in each process with the role `archive`; several do no harm."""

    name = "expiry"

    def __init__(self, calls: Calls, vault: Vault, *, days: float) -> None:
        self._calls = calls
        self._vault = vault
        self._kept = timedelta(days=days)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        pause = min(max(self._kept.total_seconds() / 24, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        while not await sleep_until(stop, pause):
            try:
                await self.sweep()
            except (*STORE_ERRORS, BusError) as error:
                # What is kept longer harms nobody.
                _log.warning("expiry_failed", error=type(error).__name__)

    async def sweep(self) -> int:
        """Look at those that were idle for long; returns how many left the store."""
        before = datetime.now(UTC) - self._kept
        gone = 0
        for conversation in await self._vault.idle(before, limit=_AT_ONCE):
            gone += await self.take_out(conversation, before)
        if gone:
            _log.info("conversations_left_the_store", count=gone)
        return gone

    async def take_out(self, conversation: str, before: datetime) -> bool:
        """Take one out, if nothing happened in it since `before` and the archive has it all."""
        if not is_conversation_id(conversation):
            return False
        keys = ConversationKeys.of(conversation)
        snapshot = await read_standing(self._calls, conversation, after=_NOTHING)
        if snapshot is None:
            await self._vault.note_gone(conversation)
            return False
        head = snapshot.head
        if int(head.get("updated", 0)) >= before.timestamp() * 1000:
            return False
        turns: Any = await self._calls.command("HKEYS", keys.turns)
        held = await self._vault.holds(
            conversation, last=snapshot.seq, entries=snapshot.seq - int(head.get("gap", 0)),
            turns={int(seq) for seq in turns or ()},
        )  # fmt: skip
        if not held:
            _log.warning("archive_is_behind", conversation=conversation)
            return False
        await self._vault.keep_snapshot(snapshot)
        return await self._evict(keys, snapshot)

    async def _evict(self, keys: ConversationKeys, snapshot: Snapshot) -> bool:
        args: list[Arg] = [snapshot.stamp]
        for name, value in snapshot.head.items():
            args += [name, value]
        names = [
            keys.head, keys.log, keys.seen, keys.state, keys.turns, keys.sends, keys.steps,
            keys.gone,
        ]  # fmt: skip
        if not await self._calls.script(scripts.EVICT, names, args):
            return False
        await self._vault.note_gone(snapshot.conversation)
        return True
