"""The one door out: from a conversation's log to the adapter of a channel that must be told.

Above: the role of each channel. Below: `core.bus` (wake loop, log), an adapter's `send`. Channels
whose customers read the log themselves (web, rest) do not pass here: see
docs/adr/0002-pull-channels.md.

One conversation is delivered by one process at a time and in order. Whether an entry may still
leave is asked of the store right before each send; what became of it is recorded right after.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from core import telemetry
from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim, NotClaimed
from core.errors import (
    BusUnavailable,
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    UnsupportedContent,
)
from core.messages import Entry, Outbound, Receipt
from core.runtime import Backoff

_log = structlog.get_logger("delivery")
_READER = "customer"
_BACKOFF = Backoff(first=0.5, top=60.0)


class Sender(Protocol):
    """The part of an adapter that delivery needs."""

    @property
    def name(self) -> str:
        """The channel."""
        ...

    async def send(self, message: Outbound) -> Receipt:
        """Deliver once. Raises the `ChannelError` that says what to do next."""
        ...


class Delivery:
    """Service: delivers what a channel's conversations have to say, until stopped."""

    def __init__(
        self, bus: Bus, sender: Sender, *, deadline_seconds: float = 20, grace_seconds: float = 20
    ) -> None:
        self.name = f"delivery-{sender.name}"
        self._bus = bus
        self._sender = sender
        self._deadline = deadline_seconds
        self._grace = grace_seconds
        self._stream = f"deliver:{sender.name}"
        # The lease outlives one send, so nobody else may begin the same one.
        self._lease_ms = int((deadline_seconds + bus.settings.lease_seconds) * 1000)
        self._loop = WakeLoop(bus, reader=_READER, stream=self._stream, handle=self.handle)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        await self._loop.run(stop, ready, grace_seconds=self._grace)

    async def handle(self, wake: Wake) -> None:
        """Deliver everything that waits in one conversation."""
        try:
            claim = await self._claim(wake)
            if claim is None:
                return
            retry_seconds = await self._deliver(claim)
            await self._bus.log.finish(
                claim, retry_ms=int(retry_seconds * 1000), stream=self._stream
            )
        except BusUnavailable as error:
            _log.warning("bus_unavailable", conversation=wake.conversation, error=str(error))

    async def _claim(self, wake: Wake) -> Claim | None:
        while True:
            got = await self._bus.log.claim(
                _READER, wake.conversation, wake.id, lease_ms=self._lease_ms, window=0,
                stream=self._stream, force=wake.orphan,
            )  # fmt: skip
            if not isinstance(got, NotClaimed):
                return got
            if got.reason == "done" or (got.reason == "busy" and not wake.taken_over):
                return None
            await asyncio.sleep(got.retry_ms / 1000 + 0.001)

    async def _deliver(self, claim: Claim) -> float:
        """Send what the claim shows, in order. Seconds to wait before going on; 0 when all went."""
        for entry in claim.entries:
            if not await self._bus.log.extend(
                claim, lease_ms=self._lease_ms, stream=self._stream, consumer=self._loop.consumer
            ):
                return 0
            pause = await self._deliver_one(claim, entry)
            if pause is not None:
                return pause
        return 0

    async def _deliver_one(self, claim: Claim, entry: Entry) -> float | None:
        """One entry; None when it is done with, else the seconds to wait before trying again."""
        if entry.author.role == "customer" or entry.kind != "message":
            await self._bus.log.record_send(claim, entry.seq, outcome="withheld")
            return None
        ticket = await self._bus.log.begin_send(claim, entry.seq)
        if ticket.outcome == "stale":
            return 0.0
        if ticket.outcome in {"sent", "withheld"}:
            self._count(ticket.outcome)
            outcome = "sent" if ticket.outcome == "sent" else "withheld"
            await self._bus.log.record_send(claim, entry.seq, outcome=outcome)
            return None
        address = claim.head.address
        if address is None:
            return await self._give_up(claim, entry, "no address")
        message = Outbound(
            conversation=claim.conversation, to=address, entry=entry,
            attempt=ticket.attempt, unsure=ticket.unsure,
        )  # fmt: skip
        return await self._send(claim, message)

    async def _send(self, claim: Claim, message: Outbound) -> float | None:
        try:
            async with asyncio.timeout(self._deadline):
                receipt = await self._sender.send(message)
        except RateLimited as error:
            await self._record_retry(claim, message, "rate_limited")
            return error.retry_after_seconds
        except (PermanentDeliveryError, UnsupportedContent) as error:
            return await self._give_up(claim, message.entry, str(error))
        except (TemporaryDeliveryError, TimeoutError) as error:
            return await self._retry_later(claim, message, error)
        except ChannelError as error:
            return await self._give_up(claim, message.entry, str(error))
        await self._bus.log.record_send(
            claim, message.entry.seq, outcome="sent", platform_ids=receipt.platform_ids
        )
        self._count("sent")
        return None

    async def _retry_later(self, claim: Claim, message: Outbound, error: Exception) -> float | None:
        """An error that says nothing arrived clears the attempt; otherwise it stays unsure."""
        if message.attempt >= self._bus.settings.attempts * 4:
            return await self._give_up(claim, message.entry, str(error))
        if isinstance(error, TemporaryDeliveryError) and error.certain:
            await self._record_retry(claim, message, "temporary")
        else:
            self._count("unsure")
        return _BACKOFF.pause(message.attempt - 1)

    async def _record_retry(self, claim: Claim, message: Outbound, reason: str) -> None:
        self._count(reason)
        await self._bus.log.record_send(claim, message.entry.seq, outcome="retry", reason=reason)

    async def _give_up(self, claim: Claim, entry: Entry, reason: str) -> None:
        """No repeat will help: note it as a dead letter and let the rest go on."""
        self._count("failed")
        telemetry.DEAD_LETTERS.labels(_READER).inc()
        _log.error("delivery_failed", conversation=claim.conversation, seq=entry.seq, error=reason)
        await self._bus.log.record_send(claim, entry.seq, outcome="failed", reason=reason)
        await self._bus.log.bury(claim, reason, seq=entry.seq)

    def _count(self, result: str) -> None:
        telemetry.DELIVERIES.labels(self._sender.name, result).inc()
