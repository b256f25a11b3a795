"""The one door out: from a conversation's log to the adapter of a channel that must be told.

Above: the role of each channel. Below: `core.bus` (wake loop, log), an adapter's `send`. Channels
whose customers read the log themselves (web, rest) do not pass here: see
docs/adr/0002-pull-channels.md.

One conversation is delivered by one process at a time and in order. Whether an entry may still
leave is asked of the store right before each send; what became of it is recorded right after.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog

from channels.amending import Amender, is_amendment, is_taken_back
from channels.base import ChannelAdapter, Report
from channels.shown import ShownAnswers
from core import observing, telemetry
from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim
from core.errors import (
    BusUnavailable,
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    UnsupportedContent,
)
from core.messages import Address, Entry, Outbound, Receipt
from core.runtime import Backoff

# What climbed here, as one message; None: nothing is left to say.
Letter = Callable[[Claim], Entry | None]
_log = structlog.get_logger("delivery")
_READER = "customer"
_BACKOFF = Backoff(first=0.5, top=60.0)


class Sender(Protocol):
    """The part of an adapter that delivery needs."""

    @property
    def name(self) -> str:
        """The channel."""
        ...

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """Deliver once. Raises the `ChannelError` that says what to do next."""
        ...


class Accounts:
    """All accounts of a channel as one sender: an address names the one that serves it."""

    def __init__(self, adapters: Sequence[ChannelAdapter]) -> None:
        self.name = adapters[0].name
        self._adapters = {adapter.account: adapter for adapter in adapters}

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `Sender`. An account that is configured no more cannot be written to."""
        adapter = self._adapters.get(message.to.account)
        if adapter is None:
            raise PermanentDeliveryError(f"no account {message.to.account!r} of {self.name}")
        return await adapter.send(message, report)

    def can_ask(self, to: Address) -> bool:
        """True if the platform says whether a message arrived: then nothing arrives twice."""
        adapter = self._adapters.get(to.account)
        return adapter is not None and adapter.capabilities.asks

    def changer_of(self, platform_ids: Sequence[str]) -> Any:
        """The adapter that sent these, if it has the power `channels.base.ChangesSent`."""
        for adapter in self._adapters.values():
            if platform_ids[0].startswith(f"{adapter.name}:{adapter.account}:"):
                return adapter if hasattr(adapter, "edit_sent") else None
        return None

    async def drop_preview(self, to: Address, preview: str) -> None:
        """See `channels.base.DropsPreview`; where there is nothing to drop, nothing is done."""
        power: Any = getattr(self._adapters.get(to.account), "drop_preview", None)
        if power is not None:
            await power(to, preview)


class Delivery:
    """Service: delivers what a channel's conversations have to say, until stopped."""

    def __init__(
        self, bus: Bus, sender: Sender, *, deadline_seconds: float = 20, grace_seconds: float = 20,
        previews: ShownAnswers | None = None, letter: Letter | None = None,
    ) -> None:  # fmt: skip
        self.name = f"delivery-{sender.name}"
        self._letter = letter
        self._bus = bus
        self._sender = sender
        self._deadline = deadline_seconds
        self._grace = grace_seconds
        self._stream = f"deliver:{sender.name}"
        # The lease outlives one send, so nobody else may begin the same one.
        self._lease_ms = int((deadline_seconds + bus.settings.lease_seconds) * 1000)
        self._previews = previews or ShownAnswers(bus.log, sender)
        self._amender = Amender(bus, sender)
        self._loop = WakeLoop(bus, reader=_READER, stream=self._stream, handle=self.handle)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        await self._loop.run(stop, ready, grace_seconds=self._grace)

    async def handle(self, wake: Wake) -> None:
        """Deliver everything that waits in one conversation."""
        try:
            claim = await self._loop.claim(wake, lease_ms=self._lease_ms)
            if claim is None:
                return
            retry_seconds = await self._deliver(claim)
            await self._bus.log.finish(
                claim, retry_ms=int(retry_seconds * 1000), stream=self._stream
            )
        except BusUnavailable as error:
            _log.warning("bus_unavailable", conversation=wake.conversation, error=str(error))

    async def _deliver(self, claim: Claim) -> float:
        """Send what the claim shows, in order. Seconds to wait before going on; 0 when all went."""
        if self._letter is not None and claim.head.is_away:
            return await self._deliver_letter(self._letter, claim)
        for entry in claim.entries:
            if not await self._bus.log.extend(
                claim, lease_ms=self._lease_ms, stream=self._stream, consumer=self._loop.consumer
            ):
                return 0
            pause = await self._deliver_one(claim, entry)
            if pause is not None:
                return pause
        return 0

    async def _deliver_letter(self, letter: Letter, claim: Claim) -> float:
        """What climbed here goes out as one message; then the customer's own place counts again."""
        entry = letter(claim)
        pause = await self._deliver_one(claim, entry) if entry is not None else None
        if pause is None:
            await self._bus.unseen.come_home(claim.conversation)
        return pause or 0

    async def _deliver_one(self, claim: Claim, entry: Entry) -> float | None:
        """One entry; None when it is done with, else the seconds to wait before trying again."""
        if is_amendment(entry):
            return await self._amend(claim, entry)
        if entry.author.role == "customer" or entry.kind != "message":
            await self._bus.log.record_send(claim, entry.seq, outcome="withheld")
            return None
        if is_taken_back(entry, claim.entries) and not await self._amender.has_begun(
            claim.conversation, entry.seq
        ):
            self._count("withheld")
            await self._bus.log.record_send(claim, entry.seq, outcome="withheld")
            return None
        ticket = await self._bus.log.begin_send(claim, entry.seq)
        if ticket.outcome == "stale":
            return 0.0
        shown = await self._previews.settle(claim, entry, ticket.preview)
        if shown.retry_seconds:
            return shown.retry_seconds
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
            attempt=ticket.attempt, unsure=ticket.unsure, sent_ids=ticket.platform_ids,
            preview=shown.usable(address),
        )  # fmt: skip
        if ticket.unsure:
            self._warn_of_double(message)
        pause = await self._send(claim, message)
        if pause is None and shown.preview is not None:
            await self._bus.log.drop_preview(claim.conversation, shown.preview.id)
        return pause

    async def _amend(self, claim: Claim, act: Entry) -> float | None:
        """A person changed a message of theirs: the customer sees it, or the desk hears why not."""
        ticket = await self._bus.log.begin_send(claim, act.seq)
        if ticket.outcome == "stale":
            return 0.0
        if ticket.outcome == "send":
            to, attempt = claim.head.address, ticket.attempt
            try:
                async with asyncio.timeout(self._deadline):
                    await self._amender.carry(claim.conversation, act, to)
            except RateLimited as error:
                self._count("rate_limited")
                await self._bus.log.record_send(claim, act.seq, outcome="retry")
                return error.retry_after_seconds
            except (TemporaryDeliveryError, TimeoutError) as error:
                if attempt < self._bus.settings.attempts * 4:
                    self._count("temporary")
                    await self._bus.log.record_send(claim, act.seq, outcome="retry")
                    return _BACKOFF.pause(attempt - 1)
                await self._amender.tell_desk(claim.conversation, act, str(error))
            except ChannelError as error:
                self._count("not_carried")
                await self._amender.tell_desk(claim.conversation, act, str(error))
            else:
                self._count("amended")
        await self._bus.log.record_send(claim, act.seq, outcome="sent")
        return None

    async def _send(self, claim: Claim, message: Outbound) -> float | None:
        seq, arrived, began = message.entry.seq, list(message.sent_ids), time.perf_counter()

        async def report(platform_ids: Sequence[str]) -> None:
            arrived[:] = platform_ids
            await self._bus.log.record_send(claim, seq, outcome="part", platform_ids=arrived)

        try:
            with observing.sending(claim, message.entry, self._sender.name):
                async with asyncio.timeout(self._deadline):
                    receipt = await self._sender.send(message, report)
        except RateLimited as error:
            message = message.model_copy(update={"sent_ids": tuple(arrived)})
            await self._record_retry(claim, message, "rate_limited")
            return error.retry_after_seconds
        except (PermanentDeliveryError, UnsupportedContent) as error:
            return await self._give_up(claim, message.entry, str(error))
        except (TemporaryDeliveryError, TimeoutError) as error:
            message = message.model_copy(update={"sent_ids": tuple(arrived)})
            return await self._retry_later(claim, message, error)
        except ChannelError as error:
            return await self._give_up(claim, message.entry, str(error))
        await self._bus.log.record_send(
            claim, message.entry.seq, outcome="sent", platform_ids=receipt.platform_ids
        )
        self._count("sent")
        observing.SEND_SECONDS.labels(self._sender.name).observe(time.perf_counter() - began)
        return None

    def _warn_of_double(self, message: Outbound) -> None:
        """An earlier attempt may have arrived. Where nobody can be asked, the customer may see the
        words twice; that is better than never."""
        can_ask: Any = getattr(self._sender, "can_ask", None)
        if can_ask is not None and can_ask(message.to):
            self._count("asked")
            return
        telemetry.POSSIBLE_DOUBLES.labels(self._sender.name).inc()
        _log.warning(
            "delivery_perhaps_doubled", channel=self._sender.name,
            conversation=message.conversation, seq=message.entry.seq, attempt=message.attempt,
        )  # fmt: skip

    async def _retry_later(self, claim: Claim, message: Outbound, error: Exception) -> float | None:
        """An error that says nothing arrived clears the attempt; otherwise it stays unsure."""
        if message.attempt >= self._bus.settings.attempts * 4:
            return await self._give_up(claim, message.entry, str(error))
        if isinstance(error, TemporaryDeliveryError) and error.certain:
            await self._record_retry(claim, message, "temporary")
        else:
            self._count("unsure")
            _log.warning(
                "delivery_unsure", channel=self._sender.name, conversation=claim.conversation,
                seq=message.entry.seq, attempt=message.attempt, error=type(error).__name__,
            )  # fmt: skip
        return _BACKOFF.pause(message.attempt - 1)

    async def _record_retry(self, claim: Claim, message: Outbound, reason: str) -> None:
        self._count(reason)
        await self._bus.log.record_send(
            claim, message.entry.seq, outcome="retry", platform_ids=message.sent_ids, reason=reason
        )

    async def _give_up(self, claim: Claim, entry: Entry, reason: str) -> None:
        """No repeat will help: note it as a dead letter and let the rest go on."""
        self._count("parked")
        telemetry.DEAD_LETTERS.labels(_READER).inc()
        _log.error("delivery_failed", conversation=claim.conversation, seq=entry.seq, error=reason)
        await self._bus.log.record_send(claim, entry.seq, outcome="failed", reason=reason)
        await self._bus.log.bury(claim, reason, seq=entry.seq)

    def _count(self, result: str) -> None:
        telemetry.DELIVERIES.labels(self._sender.name, result).inc()
