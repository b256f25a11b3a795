"""The engine's worker: wake-up → claim → turn → commit, with a heartbeat on the lease.

Above: the role `worker`. Below: `core.bus` (wake loop, log), a `TurnRunner` (`turn` or `echo`).
The turn thinks; only the commit changes anything, and it may be refused: then the conversation is
claimed again and the turn sees what it had missed.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import structlog

from core import observing, telemetry
from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim, TurnCommit
from core.engine.runner import TurnRunner
from core.engine.steps import LogSteps
from core.errors import BusError, BusUnavailable, LeaseLost
from core.ids import reply_entry_id
from core.ports import Delta
from core.runtime import Backoff, end_tasks, spawn

_log = structlog.get_logger("worker")
# After so many refusals because the customer kept writing, the turn commits what it has.
_MOST_SUPERSEDED = 4
_DELTA_SECONDS = 0.06


class Worker:
    """Service: answers conversations until stopped."""

    name = "worker"

    def __init__(self, bus: Bus, turn: TurnRunner, *, grace_seconds: float = 20) -> None:
        self._bus = bus
        self._turn = turn
        self._grace = grace_seconds
        self._lease_ms = int(bus.settings.lease_seconds * 1000)
        self._loop = WakeLoop(bus, reader="engine", stream="engine", handle=self.handle)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        await self._loop.run(stop, ready, grace_seconds=self._grace)

    async def handle(self, wake: Wake) -> None:
        """Deal with one wake-up to the end: answered, not ours, or left for later."""
        refused = 0
        failures = 0
        while True:
            try:
                claim = await self._loop.claim(
                    wake, lease_ms=self._lease_ms, window=self._turn.window
                )
                if claim is None:
                    return
                outcome = await self._work(claim, refused)
            except BusUnavailable as error:
                # The wake-up stays pending; this reader tries on, another may take over.
                _log.warning("bus_unavailable", conversation=wake.conversation, error=str(error))
                await asyncio.sleep(Backoff(top=2.0).pause(failures))
                failures += 1
                continue
            if outcome in {"ok", "stale", "failed"}:
                return
            refused += 1

    async def _work(self, claim: Claim, refused: int) -> str:
        """One attempt: think under a heartbeat, then commit. Returns the commit's outcome."""
        started = time.monotonic()
        try:
            turn = await self._think(claim)
        except LeaseLost:
            return "stale"
        except asyncio.CancelledError:
            await self._loop.give_back(claim)
            raise
        except BusUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- any failure of a turn is retried, then buried
            return await self._fail(claim, error)
        if refused >= _MOST_SUPERSEDED:
            turn = turn.model_copy(update={"merge": False})
        return await self._commit(claim, turn, started)

    async def _commit(self, claim: Claim, turn: TurnCommit, started: float) -> str:
        done = await self._bus.log.commit(claim, turn)
        if done.outcome == "ok":
            telemetry.TURN_SECONDS.observe(time.monotonic() - started)
            _observe_reply(claim, turn)
            observing.turned(turn.receipt, turn.head.specialist if turn.head else None)
        else:
            telemetry.REFUSED_COMMITS.labels(done.outcome).inc()
            _log.info("commit_refused", conversation=claim.conversation, reason=done.outcome)
        return done.outcome

    async def _think(self, claim: Claim) -> TurnCommit:
        """Run the turn; a heartbeat keeps the lease if it takes long. Raises `LeaseLost`."""
        async with _Heartbeat(self._bus, claim, self._lease_ms, self._loop.consumer):
            steps = LogSteps(self._bus.log, claim)
            with observing.thinking(claim):
                return await self._turn.run(claim, _Deltas(self._bus, claim), steps)

    async def _fail(self, claim: Claim, error: Exception) -> str:
        """Try again later; after the last attempt bury it and apologise, so the rest can go on."""
        _log.error(
            "turn_failed", conversation=claim.conversation, attempt=claim.attempts, exc_info=error
        )
        if claim.attempts < self._bus.settings.attempts:
            pause = Backoff(first=0.2, top=5.0).pause(claim.attempts - 1)
            await self._bus.log.finish(claim, retry_ms=int(pause * 1000))
            return "failed"
        telemetry.DEAD_LETTERS.labels("engine").inc()
        await self._bus.log.bury(claim, f"{type(error).__name__}: {error}")
        turn = await self._turn.apologise(claim, error)
        return await self._commit(claim, turn.model_copy(update={"merge": False}), time.monotonic())


def _observe_reply(claim: Claim, turn: TurnCommit) -> None:
    """How long the first of the customer's unanswered words has waited."""
    waiting = [entry.at for entry in claim.entries if entry.author.role == "customer"]
    if waiting and any(entry.kind == "message" for entry in turn.entries):
        waited = datetime.now(UTC) - waiting[0]
        telemetry.REPLY_SECONDS.observe(max(0.0, waited.total_seconds()))


class _Heartbeat:
    """Extends the lease while the body runs, from a third of it on; most turns end before.

    When the lease is lost the body is cancelled and `LeaseLost` comes out of the block.
    """

    def __init__(self, bus: Bus, claim: Claim, lease_ms: int, consumer: str) -> None:
        self._bus = bus
        self._claim = claim
        self._lease_ms = lease_ms
        self._consumer = consumer
        self._beating: asyncio.Task[None] | None = None
        self._lost = False

    async def __aenter__(self) -> None:
        self._body = asyncio.current_task()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._lease_ms / 3000, self._begin)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        if self._beating is not None:
            await end_tasks(self._beating)
        if self._lost and isinstance(error, asyncio.CancelledError) and self._body is not None:
            self._body.uncancel()
            raise LeaseLost from error

    def _begin(self) -> None:
        self._beating = spawn(self._beat(), name="heartbeat")

    async def _beat(self) -> None:
        while True:
            if not await self._extend():
                break
            await asyncio.sleep(self._lease_ms / 3000)
        self._lost = True
        if self._body is not None:
            self._body.cancel()

    async def _extend(self) -> bool:
        try:
            return await self._bus.log.extend(
                self._claim, lease_ms=self._lease_ms, consumer=self._consumer
            )
        except BusError:
            return True  # the store is away: the commit will tell


class _Deltas:
    """Gathers pieces for a moment, then shows them together: a hint every 60 ms."""

    def __init__(self, bus: Bus, claim: Claim) -> None:
        self._bus = bus
        self._conversation = claim.conversation
        self._id = reply_entry_id(claim.conversation, claim.seen)
        # Tokens only grow, so an attempt after a take-over counts higher than all before it.
        self._attempt = claim.token * 100
        self._part = 0
        self._text = ""
        self._shown = 0.0

    async def send(self, text: str) -> None:
        """See `DeltaSink`."""
        self._text += text
        if time.monotonic() - self._shown >= _DELTA_SECONDS:
            await self._flush()

    def reset(self) -> None:
        """See `DeltaSink`."""
        self._text, self._part = "", 0
        self._attempt += 1

    async def _flush(self) -> None:
        text, self._text = self._text, ""
        self._shown = time.monotonic()
        delta = Delta(
            conversation=self._conversation, id=self._id, attempt=self._attempt,
            part=self._part, text=text,
        )  # fmt: skip
        self._part += 1
        try:
            await self._bus.live.publish_delta(delta)
        except BusError:
            _log.debug("delta_lost", conversation=self._conversation)
