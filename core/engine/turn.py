"""One turn, top to bottom: context → triage → search → specialist → policy → outcome → commit.

Above: the worker, through `runner.TurnRunner`. Below: `asked`, `scene`, `plain`, `assisted`,
`core.escalation.policy`, `receipt`. A turn changes nothing itself: it returns what to commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from core.conversation import Claim, HeadChange, TurnCommit
from core.engine.asked import HUMAN, Asked, read_asked
from core.engine.assisted import AssistedAnswers, AssistedRun, ModelUse
from core.engine.plain import Draft, PlainAnswers
from core.engine.receipt import make_receipt
from core.engine.runner import DeltaSink
from core.engine.scene import Scene, Scout
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.engine.words import entries_of
from core.errors import ModelError
from core.escalation.policy import EscalationRules, Judgement, Signals, judge
from core.ids import reply_entry_id
from core.language import LanguageDetector
from core.messages import Author, EntryBody
from core.outcome import Escalate, Offer, Silence
from core.phrases import Phrases
from core.specialists.registry import SpecialistRegistry
from core.telemetry import TURNS

_log = structlog.get_logger("turn")
_CLOSING_SECONDS = 1.0
_QUOTE = 300
POSSIBLE_WISH = 0.3


@dataclass
class _Watch:
    """Milliseconds of each stage."""

    stages: dict[str, float] = field(default_factory=dict[str, float])
    _last: float = field(default_factory=time.perf_counter)

    def mark(self, stage: str) -> None:
        now = time.perf_counter()
        self.stages[stage] = (now - self._last) * 1000
        self._last = now


class TurnEngine:
    """Implements `TurnRunner`; holds nothing of any conversation."""

    def __init__(
        self,
        *,
        scout: Scout,
        plain: PlainAnswers,
        assisted: AssistedAnswers | None,
        registry: SpecialistRegistry,
        phrases: Phrases,
        detector: LanguageDetector,
        rules: EscalationRules,
        settings: EngineSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scout = scout
        self._plain = plain
        self._assisted = assisted
        self._registry = registry
        self._phrases = phrases
        self._detector = detector
        self._rules = rules
        self._settings = settings
        self._clock = clock

    @property
    def window(self) -> int:
        """How many earlier entries a turn sees."""
        return self._settings.window

    async def run(self, claim: Claim, deltas: DeltaSink) -> TurnCommit:
        """See `TurnRunner`."""
        deadline = self._clock() + self._settings.turn_seconds
        watch = _Watch()
        asked = read_asked(claim)
        if (silence := _silence(claim, asked)) is not None:
            TURNS.labels(specialist="", outcome="silence").inc()
            _log.debug("turn_silent", conversation=claim.conversation, reason=silence.reason)
            return TurnCommit(state=claim.state)

        scene = await self._scout.triage(self._scene(claim, asked))
        watch.mark("triage")
        if (urgent := self._urgent(scene)) is not None:
            draft, run, use = self._hand_over(scene, urgent), None, None
        else:
            scene = await self._scout.search(scene)
            watch.mark("search")
            draft, run, use = await self._answer(scene, deltas, deadline)
        watch.mark("answer")
        draft, judgement = self._apply_policy(scene, draft)
        return self._commit(scene, draft, judgement, run, use, watch)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        last = claim.head.language or self._settings.default_language
        language = self._detector.choose(read_asked(claim).text, last=last)
        entry = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen),
            author=Author(role="ai"),
            text=self._phrases.say("apology", language),
            reason="failure",
            language=language,
        )
        receipt = {
            "seen": claim.seen,
            "outcome": "apology",
            "error": type(error).__name__,
            "attempts": claim.attempts,
        }
        return TurnCommit(entries=(entry,), state=claim.state, receipt=receipt)

    def _scene(self, claim: Claim, asked: Asked) -> Scene:
        last = claim.head.language or self._settings.default_language
        return Scene(
            claim=claim,
            asked=asked,
            state=EngineState.of(claim.state),
            language=self._detector.choose(" ".join(asked.texts), last=last),
            specialist=self._registry.find(claim.head.specialist) or self._registry.fallback,
        )

    def _urgent(self, scene: Scene) -> Judgement | None:
        """The judgement, if a human must take over before anybody looks for an answer."""
        quote = scene.looks[0].text if scene.looks else scene.asked.text
        signals = Signals(
            wish=self._wish(scene),
            said=self._rules.find_phrase(scene.asked.text),
            quote=quote[:_QUOTE],
        )
        judgement = judge(signals, self._rules)
        return judgement if judgement.verdict == "escalate" else None

    def _wish(self, scene: Scene) -> str | None:
        """How a human was asked for: by a button, by a yes to the offer, or outright."""
        if scene.asked.button == HUMAN:
            return "human_button"
        if scene.kind == "human_wish":
            return "explicit_wish"
        text = scene.asked.text
        accepts = scene.state.offer_open and self._phrases.is_answer("yes", text, scene.language)
        return "accepted_offer" if accepts else None

    def _hand_over(self, scene: Scene, judgement: Judgement) -> Draft:
        return self._plain.escalate(scene, judgement.reason, judgement.rule, judgement.span)

    async def _answer(
        self, scene: Scene, deltas: DeltaSink, deadline: float
    ) -> tuple[Draft, AssistedRun | None, ModelUse | None]:
        """With the model if there is one and it is up to it, else without."""
        if self._assisted is None or not scene.asked.texts:
            return self._plain.answer(scene), None, None
        run = self._assisted.prepare(scene, deltas)
        try:
            draft = await self._assisted.answer(scene, run, deadline=deadline - _CLOSING_SECONDS)
        except ModelError as error:
            _log.warning(
                "answered_without_model", conversation=scene.claim.conversation, code=error.code
            )
            return self._plain.answer(scene), run, run.use(error.code)
        return draft, run, run.use()

    def _apply_policy(self, scene: Scene, draft: Draft) -> tuple[Draft, Judgement]:
        """What the escalation policy makes of the draft."""
        outcome = draft.outcome
        if isinstance(outcome, Escalate):
            return draft, Judgement(
                verdict="escalate", reason=outcome.reason, rule=outcome.rule, span=outcome.span
            )
        mood = (scene.decision.sentiment,) if scene.decision else ()
        verdict = judge(
            Signals(
                said=self._rules.find_phrase(scene.asked.text),
                possible_wish=_is_possible_wish(scene),
                quote=scene.asked.text[:_QUOTE],
                answered=draft.answered,
                unanswered=scene.state.unanswered,
                moods=(*scene.state.moods, *mood),
                offered=scene.state.offered,
            ),
            self._rules,
        )
        if verdict.verdict == "escalate":
            return self._plain.escalate(scene, verdict.reason, verdict.rule, verdict.span), verdict
        if verdict.verdict == "offer":
            draft = self._plain.with_offer(scene, draft, verdict.reason)
        return draft, verdict

    def _priority(self, scene: Scene, judgement: Judgement) -> str | None:
        """That of the reason a human takes over for, else what triage says."""
        if judgement.verdict == "escalate" and (found := self._rules.priority(judgement.reason)):
            return found
        return scene.decision.priority if scene.decision else None

    def _commit(
        self,
        scene: Scene,
        draft: Draft,
        judgement: Judgement,
        run: AssistedRun | None,
        use: ModelUse | None,
        watch: _Watch,
    ) -> TurnCommit:
        outcome, decision = draft.outcome, scene.decision
        kind = type(outcome).__name__.lower()
        TURNS.labels(specialist=scene.specialist.name, outcome=kind).inc()
        _log.info(
            "turn_done",
            conversation=scene.claim.conversation,
            outcome=kind,
            specialist=scene.specialist.name,
            source=draft.source,
            milliseconds=round(sum(watch.stages.values()), 1),
        )
        state = scene.state.after(
            mood=decision.sentiment if decision else None,
            topics=draft.topics,
            answered=draft.answered,
            offers=isinstance(outcome, Offer),
        )
        receipt = make_receipt(
            scene,
            draft,
            judgement,
            use=use,
            stages=watch.stages,
            tools=run.bench.ledger if run else [],
            passages=list(run.bench.shelf.passages) if run else [],
        )
        head = HeadChange(
            owner="human" if isinstance(outcome, Escalate) else None,
            specialist=scene.specialist.name,
            language=scene.language,
            sentiment=decision.sentiment if decision else None,
            priority=self._priority(scene, judgement),
        )
        return TurnCommit(
            entries=entries_of(scene, outcome),
            state=state.dump(),
            head=head,
            receipt=receipt,
            tokens_used=use.tokens_in + use.tokens_out if use else 0,
            cost=use.cost if use else 0.0,
        )


def _is_possible_wish(scene: Scene) -> bool:
    """Near enough to a wish for a human to offer one, and nothing better is at hand."""
    if scene.decision is None or scene.kind == "smalltalk" or scene.verdict == "sure":
        return False
    return scene.decision.wish >= POSSIBLE_WISH


def _silence(claim: Claim, asked: Asked) -> Silence | None:
    """Why the engine says nothing; the log itself is how others hear of the entries."""
    if claim.head.owner != "ai":
        return Silence(reason=f"owned by {claim.head.owner}")
    if claim.head.status != "open":
        return Silence(reason="closed")
    return Silence(reason="nothing was asked") if asked.is_empty else None
