"""Wakes the reader of a case when its time has come: alarms that outlive every process.

Above: the role `worker`. Below: `scripts`, `keys`. A reader sets its next alarm when it finishes
(`RedisLog.finish`); the store's clock decides when it is due. Several of these services do no harm.
"""

from __future__ import annotations

import asyncio

import structlog

from core.bus import scripts
from core.bus.calls import STORE_ERRORS, Calls
from core.bus.keys import alarms_key, heads_prefix, ready_key, scheduled_key, shard_names
from core.errors import BusError
from core.runtime import sleep_until

_log = structlog.get_logger("alarms")
_LOOK_SECONDS = 0.5
_AT_ONCE = 100


class AlarmClock:
    """Service: one in each process with the role `worker`."""

    name = "alarms"

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shard_names(shards)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, _LOOK_SECONDS):
            try:
                await self.ring()
            except (*STORE_ERRORS, BusError) as error:
                _log.warning("alarms_not_looked_at", error=type(error).__name__)

    async def ring(self) -> int:
        """Wake the cases that are due; returns how many."""
        rung = 0
        for shard in self._shards:
            names = [alarms_key(shard), scheduled_key(shard), ready_key(shard, "")]
            rung += await self._calls.script(scripts.RING, names, [_AT_ONCE, heads_prefix(shard)])
        return rung
