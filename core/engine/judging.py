"""What the escalation policy makes of a draft, with what the house knows beside the conversation.

Above: the turn. Below: `signals`, `casework`, `core.escalation.policy`. The desk and the customer's
record are asked for only when they can change something; what does not answer is unknown, and
stops no turn.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from core.conversation import Head
from core.customers.ports import CustomerSystem
from core.engine.casework import waiting_phrase
from core.engine.plain import Draft, PlainAnswers
from core.engine.scene import Scene
from core.engine.signals import sounds_of_outage, turn_signals
from core.engine.systems import subject_of
from core.errors import SwitchboardError
from core.escalation.policy import Judgement, Signals, judge
from core.escalation.rules import EscalationRules
from core.outcome import Escalate
from core.phrases import Phrases
from core.ports import DeskFigures
from core.specialists.tools.base import Bench

_DEADLINE_SECONDS = 1.0
_log = structlog.get_logger("judging")


class Judge:
    """Applies the policy. Holds nothing of any conversation."""

    def __init__(
        self, rules: EscalationRules, phrases: Phrases, plain: PlainAnswers,
        *, desk: DeskFigures | None = None, customers: CustomerSystem | None = None,
    ) -> None:  # fmt: skip
        self._rules = rules
        self._phrases = phrases
        self._plain = plain
        self._desk = desk
        self._customers = customers

    async def apply(
        self, scene: Scene, draft: Draft, bench: Bench | None
    ) -> tuple[Draft, Judgement]:
        """The draft as the policy leaves it: as it is, with a person offered, or handed over."""
        outcome = draft.outcome
        if isinstance(outcome, Escalate):
            return draft, Judgement(
                verdict="escalate", reason=outcome.reason, rule=outcome.rule, span=outcome.span
            )
        signals = turn_signals(scene, draft, bench, self._rules, self._phrases)
        if sounds_of_outage(scene, self._rules):
            elsewhere = await self._outages(scene.claim.head)
            signals = signals.model_copy(update={"elsewhere": elsewhere})
        verdict = await self.weigh(scene.claim.head, signals)
        if verdict.verdict == "escalate":
            return self._plain.escalate(scene, verdict.reason, verdict.rule, verdict.span), verdict
        if verdict.verdict == "offer":
            draft = self._plain.with_offer(scene, draft, verdict.reason)
        return draft, verdict

    async def weigh(self, head: Head, signals: Signals) -> Judgement:
        """The verdict; who the customer is matters where a person would be offered."""
        verdict = judge(signals, self._rules)
        if verdict.verdict == "escalate":
            return verdict
        asks = verdict.verdict == "offer" or signals.offered
        if not asks or not self._rules.vip_tiers or (tier := await self._tier(head)) is None:
            return verdict
        return judge(signals.model_copy(update={"tier": tier}), self._rules)

    async def with_wait(self, scene: Scene, draft: Draft) -> Draft:
        """A hand-over says truly when somebody will come, as far as that is known."""
        if not isinstance(draft.outcome, Escalate):
            return draft
        waiting, people = await self._queue()
        moment = scene.claim.entries[-1].at
        phrase = waiting_phrase(self._rules, moment, waiting, people=people)
        if phrase is None:
            return draft
        text = f"{draft.outcome.text} {self._phrases.say(phrase, scene.language)}"
        return replace(draft, outcome=draft.outcome.model_copy(update={"text": text}))

    async def _queue(self) -> tuple[int | None, int | None]:
        """How many wait for a person, and how many are on duty; None: unknown."""
        if self._desk is None:
            return None, None
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                return await self._desk.waiting(), await self._desk.on_duty()
        except (SwitchboardError, TimeoutError) as error:
            _log.warning("desk_not_asked", error=type(error).__name__)
            return None, None

    async def _outages(self, head: Head) -> int:
        """How many other conversations told of an outage in the last minutes."""
        if self._desk is None:
            return 0
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                return await self._desk.outages(minutes=self._rules.outage_minutes, but=head.id)
        except (SwitchboardError, TimeoutError) as error:
            _log.warning("desk_not_asked", error=type(error).__name__)
            return 0

    async def _tier(self, head: Head) -> str | None:
        """What kind of customer it is, by the company's own system, if we know who it is."""
        if self._customers is None or head.contact is None or not head.level:
            return None
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                found = await self._customers.customer(subject_of(head))
        except (SwitchboardError, TimeoutError) as error:
            _log.warning("tier_not_known", error=type(error).__name__)
            return None
        return found.tier if found is not None else None
