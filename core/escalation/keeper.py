"""The keeper of cases: reads what was said, does what is due, and sets the alarm for the rest.

Above: the role `worker`. Below: `duties`, `standing`, `core.bus`. It follows every conversation
that people came into (reader `case`). Each act has a derived id and is accepted only behind the
last entry that was read, so any number of keepers may run, die and begin again: nothing is done
twice, and nothing on top of what a person said meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from core import telemetry
from core.bus.cases import note_case
from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim, Head
from core.errors import BusUnavailable
from core.escalation.acts import Act, Around, Plan
from core.escalation.answers import TO_KNOWN
from core.escalation.case import Case
from core.escalation.caseload import CaseLoad, Known
from core.escalation.duties import plan
from core.escalation.presence import may_be_told
from core.escalation.rules import EscalationRules
from core.escalation.standing import Standing, fold_more
from core.escalation.wording import event_of
from core.messages import Entry
from core.phrases import Phrases
from core.runtime import Backoff

READER = "case"
_log = structlog.get_logger("keeper")
# What failed again and again rests for an hour: not in a place that others could have.
_LONGEST_WAIT = 5.0
# An act may make others due (a snooze is over, then a reminder); more rounds are no progress.
_ROUNDS = 5
_SUMMARY = 1_000
_AFTER_A_BURIAL = timedelta(hours=1)


class Describe(Protocol):
    """Makes the record of a case that no turn opened (`core.engine.casework.case_by_hand`)."""

    def __call__(
        self, claim: Claim, standing: Standing, entries: Sequence[Entry], rules: EscalationRules
    ) -> Case: ...


EmailOf = Callable[[Head], Awaitable[str | None]]
TierOf = Callable[[Head], Awaitable[str | None]]


async def _no_email(head: Head) -> str | None:
    del head
    return None


def _store_clock(claim: Claim) -> datetime:
    return claim.at or datetime.now(UTC)


@dataclass(frozen=True)
class KeeperParts:
    """What the keeper works with. `email_of` finds a customer's address, `tier_of` their tier;
    `offers_email` says that answers can go there. `clock` is turned by tests."""

    rules: EscalationRules
    phrases: Phrases
    describe: Describe
    email_of: EmailOf = _no_email
    tier_of: TierOf = _no_email
    offers_email: bool = False
    clock: Callable[[Claim], datetime] = _store_clock


class CaseKeeper:
    """Service: any number may run."""

    name = "case-keeper"

    def __init__(self, bus: Bus, parts: KeeperParts, *, grace_seconds: float = 5.0) -> None:
        self._bus = bus
        self._parts = parts
        self._grace = grace_seconds
        self._lease_ms = int(bus.settings.lease_seconds * 1000)
        self._load = CaseLoad(bus.log)
        self._loop = WakeLoop(bus, reader=READER, stream=READER, handle=self.handle)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        await self._loop.run(stop, ready, grace_seconds=self._grace)

    async def handle(self, wake: Wake) -> None:
        """Keep the case of one conversation, whatever happens to the store meanwhile."""
        failures = 0
        while True:
            try:
                if (
                    claim := await self._loop.claim(
                        wake, lease_ms=self._lease_ms, longest_seconds=_LONGEST_WAIT
                    )
                ) is not None:
                    await self._work(claim)
                return
            except BusUnavailable as error:
                # The wake-up stays pending; this reader tries on, another may take over.
                _log.warning("bus_unavailable", error=str(error))
                await asyncio.sleep(Backoff(top=2.0).pause(failures))
                failures += 1

    async def _work(self, claim: Claim) -> None:
        try:
            await self.keep(claim)
        except asyncio.CancelledError:
            await self._loop.give_back(claim)
            raise
        except BusUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- retried, then buried: others must go on
            await self._fail(claim, error)

    async def _fail(self, claim: Claim, error: Exception) -> None:
        """Try again later; after the last attempt leave it for an hour, and say so."""
        self._load.forget(claim.conversation)
        _log.error(
            "case_failed", conversation=claim.conversation, attempt=claim.attempts, exc_info=error
        )
        if claim.attempts < self._bus.settings.attempts:
            pause = Backoff(first=0.2, top=5.0).pause(claim.attempts - 1)
            await self._bus.log.finish(claim, retry_ms=int(pause * 1000))
            return
        telemetry.DEAD_LETTERS.labels(READER).inc()
        if claim.entries:
            await self._bus.log.bury(claim, f"{type(error).__name__}: {error}")
        later = self._parts.clock(claim) + _AFTER_A_BURIAL
        await self._bus.log.finish(claim, seen=claim.seen, alarm=later)

    async def keep(self, claim: Claim) -> None:
        """Read, do what is due, set the alarm, give the lease back."""
        if not claim.head.case:
            await self._bus.log.finish(claim, seen=claim.seen, alarm=None)
            return
        before = self._load.find(claim)
        known = await self._load.read(claim)
        if known.case is None:
            known = await self._describe(claim, known)
        todo = Plan()
        for _ in range(_ROUNDS):
            around = await self._look_around(claim, known.standing)
            todo = plan(known.standing, self._parts.rules, around)
            if not todo.acts:
                break
            known = await self._do(claim, known, todo.acts, around.language)
        await self._note_figures(claim, before, known)
        self._load.keep(claim.conversation, known)
        await self._bus.log.finish(claim, seen=known.standing.read_to, alarm=todo.next)

    async def _describe(self, claim: Claim, known: Known) -> Known:
        """The record of a case that no turn of the AI opened."""
        rules = self._parts.rules
        case = self._parts.describe(claim, known.standing, known.recent, rules)
        if (tier := await self._parts.tier_of(claim.head)) is not None:
            case = case.model_copy(update={"facts": (f"tier: {tier}", *case.facts)})
        await note_case(self._bus.calls, claim, case.model_dump(mode="json"))
        known = known.with_case(case)
        if not case.summary or not any(entry.action == "escalate" for entry in known.recent[-1:]):
            return known
        # Whoever was called has read nothing yet; and desks that show the case look at it again.
        text = f"What is known so far:\n{case.summary[:_SUMMARY]}"
        note = Act(what="summary", number=0, kind="note", reason="case", text=text)
        return await self._do(claim, known, [note], "en")

    async def _look_around(self, claim: Claim, standing: Standing) -> Around:
        """What must be known beside the case; asked for only when it matters."""
        parts, now = self._parts, self._parts.clock(claim)
        channel = claim.head.address.channel if claim.head.address else ""
        people, seconds, email = None, None, None
        if may_be_told(standing):
            people, seconds = await asyncio.gather(
                self._bus.duty.count(), self._bus.pulse.first_reply_seconds()
            )
        # Only what a customer of a page does not see goes on by mail (`channels.climbing`).
        offers = parts.offers_email and channel == "web"
        if offers and (may_be_told(standing) or standing.answer == TO_KNOWN):
            email = await parts.email_of(claim.head)
        return Around(
            now=now, people=people, reply_seconds=seconds, channel=channel, email=email,
            offers_email=offers, language=claim.head.language or standing.language or "en",
        )  # fmt: skip

    async def _do(self, claim: Claim, known: Known, acts: Sequence[Act], language: str) -> Known:
        """Write the entries, as long as nobody else writes; then read on."""
        at, case = known.standing.read_to, known.standing.seq
        for act in acts:
            event = event_of(act, claim.head, case, self._parts.phrases, language)
            done = await self._bus.log.accept(event, only_at=at)
            if done.moved:
                _log.info("case_moved_on", conversation=claim.conversation, act=act.what)
                break
            if not done.duplicate:
                at = done.seq
                _log.info("case_act", conversation=claim.conversation, act=act.what)
                telemetry.CASE_ACTS.labels(act.what).inc()
        more = await self._bus.log.entries(claim.conversation, after=known.standing.read_to)
        return known.with_standing(fold_more(known.standing, more))

    async def _note_figures(self, claim: Claim, before: Known | None, known: Known) -> None:
        """What all processes know of the desk, where it changed."""
        standing, pulse, name = known.standing, self._bus.pulse, claim.conversation
        old = before.standing if before else None
        if old is None or _waits_since(old) != _waits_since(standing):
            await pulse.note_waiting(name, _waits_since(standing))
        opened, replied = standing.opened_at, standing.first_reply_at
        is_new = old is None or old.first_reply_at != replied
        if opened is not None and replied is not None and replied > opened and is_new:
            minutes = self._parts.rules.hours.minutes_between(opened, replied)
            await pulse.note_first_reply(name, standing.seq, at=replied, seconds=minutes * 60)
        if old is None and standing.reason == "outage" and opened is not None:
            await pulse.note_outage(name, opened)


def _waits_since(standing: Standing) -> datetime | None:
    """Since when somebody of the desk owes a word; None: nobody does."""
    return standing.waiting_since if standing.owner == "human" else None
