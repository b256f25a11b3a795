"""Translates what customers write to people, without anybody waiting for it.

Above: the role `worker`. Below: `bridge`, `core.bus.wake`. A reader of conversations that people
came into (`bridge`), with a cursor like all of them: what one process began, another finishes, and
a note is made once.
"""

from __future__ import annotations

import asyncio

import structlog

from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim
from core.errors import BusUnavailable, NotFound
from core.messages import Entry
from core.translation.bridge import Bridge
from core.translation.ports import TranslationFailed

READER = "bridge"
_log = structlog.get_logger("translation")
_LEASE_MS = 60_000
_MOST_AT_ONCE = 20


class BridgeFollower:
    """Service: until stopped."""

    name = "bridge"

    def __init__(self, bus: Bus, bridge: Bridge, *, grace_seconds: float = 10) -> None:
        self._bus = bus
        self._bridge = bridge
        self._grace = grace_seconds
        self._loop = WakeLoop(bus, reader=READER, stream=READER, handle=self.handle)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        await self._loop.run(stop, ready, grace_seconds=self._grace)

    async def handle(self, wake: Wake) -> None:
        """Translate what is new in one conversation."""
        try:
            if (claim := await self._loop.claim(wake, lease_ms=_LEASE_MS)) is not None:
                await self._read(claim)
        except BusUnavailable as error:
            _log.warning("bus_unavailable", conversation=wake.conversation, error=str(error))

    async def _read(self, claim: Claim) -> None:
        """The newest words are worth a translation; of a flood, older ones are left to who asks."""
        words = [entry for entry in claim.entries if _is_for_people(entry)][-_MOST_AT_ONCE:]
        for entry in words if claim.head.owner == "human" else ():
            if not await self._bus.log.extend(
                claim, lease_ms=_LEASE_MS, stream=READER, consumer=self._loop.consumer
            ):
                return
            await self._translate(claim, entry)
        await self._bus.log.finish(claim, stream=READER, seen=claim.seen)

    async def _translate(self, claim: Claim, entry: Entry) -> None:
        try:
            await self._bridge.translate_entry(claim.conversation, entry.seq)
        except (TranslationFailed, NotFound) as error:
            _log.info(
                "not_translated", conversation=claim.conversation, seq=entry.seq, code=error.code
            )


def _is_for_people(entry: Entry) -> bool:
    return entry.kind == "message" and entry.author.role == "customer"
