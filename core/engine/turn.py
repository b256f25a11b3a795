"""One turn, top to bottom: context → triage → search → specialist → policy → outcome → commit.

Above: the worker, through `runner.TurnRunner`. Below: `asked`, `scene`, `plain`, `assisted`,
`core.escalation.policy`, `receipt`. A turn changes nothing itself: it returns what to commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from core.conversation import Claim, HeadChange, TurnCommit
from core.engine.acts import Act, Acts
from core.engine.aftermath import notes_of_acts
from core.engine.asked import Asked, read_asked
from core.engine.assisted import AssistedAnswers, AssistedRun, ModelUse
from core.engine.casework import open_case
from core.engine.changes import has_new_changes, with_changes
from core.engine.commands import chosen_language, read_command
from core.engine.flows.dialogue import Flows
from core.engine.flows.state import FlowState, FlowStep
from core.engine.judging import Judge
from core.engine.plain import Draft, PlainAnswers
from core.engine.receipt import make_receipt, spent_in
from core.engine.remembering import state_before, state_behind
from core.engine.returned import BehindPeople
from core.engine.runner import DeltaSink
from core.engine.scene import Scene, Scout
from core.engine.settings import EngineSettings
from core.engine.signals import is_answer, is_hurried, question_of, word_signals
from core.engine.state import EngineState
from core.engine.watch import Watch
from core.engine.words import entries_of
from core.errors import ModelError
from core.escalation.policy import Judgement, judge_words
from core.escalation.rules import EscalationRules
from core.ids import reply_entry_id
from core.language import LanguageDetector
from core.learning.autonomy import RULE, Autonomy
from core.memory.recall import headline
from core.messages import Author, EntryBody
from core.outcome import Escalate, Offer, Outcome, Reply, Silence
from core.phrases import Phrases
from core.ports import StepJournal
from core.specialists.journal import Record, acted_up_to, read_records
from core.specialists.registry import SpecialistRegistry
from core.specialists.tools.pending import PendingCall
from core.telemetry import DEGRADED, TURNS

_log = structlog.get_logger("turn")
_CLOSING_SECONDS = 1.0


class TurnEngine:
    """Implements `TurnRunner`; holds nothing of any conversation."""

    def __init__(
        self,
        *,
        scout: Scout,
        plain: PlainAnswers,
        assisted: AssistedAnswers | None,
        acts: Acts,
        flows: Flows | None,
        registry: SpecialistRegistry,
        phrases: Phrases,
        detector: LanguageDetector,
        rules: EscalationRules,
        settings: EngineSettings,
        clock: Callable[[], float] = time.monotonic,
        autonomy: Autonomy | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._autonomy = autonomy
        self._scout = scout
        self._plain = plain
        self._assisted = assisted
        self._acts = acts
        self._flows = flows
        self._registry = registry
        self._phrases = phrases
        self._detector = detector
        self._rules = rules
        self._settings = settings
        self._judge = judge or Judge(rules, phrases, plain)
        self._clock = clock
        self._people = BehindPeople(phrases, plain, settings, detector)

    @property
    def window(self) -> int:
        """How many earlier entries a turn sees."""
        return self._settings.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        deadline = self._clock() + self._settings.turn_seconds
        watch = Watch()
        past = read_records(await steps.load())
        whole = claim
        claim = with_changes(cut_claim(whole, past))
        asked = read_asked(claim)
        if (done := self._without_answer(whole, claim, asked, past)) is not None:
            return done

        scene = await self._scout.triage(self._scene(claim, asked))
        scene = replace(scene, language=chosen_language(asked) or scene.language)
        scene = self._flows.as_data(scene) if self._flows else scene
        watch.mark("triage")
        news = await self._acts.news(scene)
        if asked.is_only_news and not news:
            return TurnCommit(state=claim.state)
        run = use = act = flow = None
        if asked.is_only_news:
            draft = self._acts.with_news(scene, None, news)
        elif (handed := await self._hand_over_first(scene)) is not None:
            draft = handed
        elif (act := await self._acts.answer(scene, steps)) is not None:
            draft = act.draft
        else:
            scene = await self._scout.search(scene)
            watch.mark("search")
            run = self._prepare(scene, deltas, steps, past)
            draft, use, flow = await self._answer(scene, run, deadline)
            scene = self._with_speaker(scene, run)
            if flow is not None and flow.language:
                scene = replace(scene, language=flow.language)
        watch.mark("answer")
        work = act or flow or run
        draft, judgement = await self._judge.apply(scene, draft, work.bench if work else None)
        draft = self._people.without_hand_over(scene, draft)
        if act is None and work is not None and work.bench.pending is not None:
            draft = self._acts.ask(scene, draft, work.bench.pending)
        draft = self._plain.with_commands(scene, await self._judge.with_wait(scene, draft))
        if news and not asked.is_only_news:
            draft = self._acts.with_news(scene, draft, news)
        draft = self._people.with_word(scene, draft)
        commit = self._commit(scene, draft, judgement, work, use, watch)
        return (
            commit if claim.seen == whole.seen else commit.model_copy(update={"seen": claim.seen})
        )

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        last = claim.head.language or self._settings.default_language
        language = self._detector.choose(read_asked(with_changes(claim)).text, last=last)
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

    def _without_answer(
        self, whole: Claim, claim: Claim, asked: Asked, past: Sequence[Record]
    ) -> TurnCommit | None:
        """The commit where nothing is to be answered: a mark, or nothing that is for the engine."""
        if (rated := self._people.rating(claim)) is not None:
            return rated
        silence = _silence(claim, asked)
        if silence is None:
            return None
        TURNS.labels(specialist="", outcome="silence").inc()
        _log.debug("turn_silent", conversation=claim.conversation, reason=silence.reason)
        state = state_before(claim, self._settings.default_language)
        return TurnCommit(
            state=state.dump(),
            entries=(*self._people.words(claim), *notes_of_acts(whole, past)),
            head=self._people.head(claim, _head_after(claim, state)),
        )

    def _scene(self, claim: Claim, asked: Asked) -> Scene:
        last = claim.head.language or self._settings.default_language
        return Scene(
            claim=claim,
            asked=asked,
            state=state_before(claim, self._settings.default_language),
            language=chosen_language(asked)
            or self._detector.choose(" ".join(asked.texts), last=last),
            specialist=self._registry.find(claim.head.specialist) or self._registry.fallback,
        )

    def _urgent(self, scene: Scene) -> Judgement | None:
        """The judgement, if a human must take over before anybody looks for an answer. Not for
        words that people had before them when they gave it back."""
        if scene.asked.returned:
            return None
        signals = word_signals(scene, self._rules, self._phrases)
        judgement = judge_words(signals, self._rules)
        return judgement if judgement.verdict == "escalate" else None

    async def _hand_over_first(self, scene: Scene) -> Draft | None:
        """The hand-over before anybody looks for an answer: in need, or because people answer
        questions of this kind for now."""
        if (urgent := self._urgent(scene)) is not None:
            return self._plain.escalate(scene, urgent.reason, urgent.rule, urgent.span)
        found = scene.decision
        if self._autonomy is None or found is None or found.kind != "question":
            return None
        if scene.state.pending is not None:
            return None  # the customer was asked something, and may be answering it
        if await self._autonomy.mode_of(f"{found.specialist}.{found.intent}") != "draft":
            return None
        return self._plain.escalate(scene, "may_not_act", RULE, "", phrase="left_to_people")

    def _prepare(
        self, scene: Scene, deltas: DeltaSink, steps: StepJournal, past: Sequence[Record]
    ) -> AssistedRun | None:
        """The run of a model, if there is one and there are words for it."""
        if self._assisted is None or not scene.asked.texts or read_command(scene.asked):
            return None
        if self._flows is not None and self._flows.has_turn(scene):
            return None
        return self._assisted.prepare(scene, deltas, steps, past)

    async def _answer(
        self, scene: Scene, run: AssistedRun | None, deadline: float
    ) -> tuple[Draft, ModelUse | None, FlowStep | None]:
        """With the model if there is one and it is up to it, else by a flow, else from the help
        pages."""
        if self._assisted is None or run is None:
            told, flow = await self._from_house(scene)
            return told or self._plain.answer(scene), None, flow
        try:
            draft = await self._assisted.answer(scene, run, deadline=deadline - _CLOSING_SECONDS)
        except ModelError as error:
            _log.warning(
                "answered_without_model", conversation=scene.claim.conversation, code=error.code
            )
            untouched = not run.bench.acted and run.bench.pending is None
            may_tell = untouched and not run.bench.wish
            told, flow = await self._from_house(scene) if may_tell else (None, None)
            draft = told or self._assisted.rescue(scene, run)
            return draft, run.use(error.code), flow
        return draft, run.use(), None

    async def _from_house(self, scene: Scene) -> tuple[Draft | None, FlowStep | None]:
        """What people decided, if the customer asks after it; else a flow that has its turn."""
        waits = self._flows is not None and self._flows.has_turn(scene)
        if not waits and (told := self._people.tell(scene)) is not None:
            return told, None
        flow = await self._flows.step(scene) if self._flows else None
        return (flow.draft if flow else None), flow

    def _with_speaker(self, scene: Scene, run: AssistedRun | None) -> Scene:
        """The scene with the specialist who has the customer after a handoff."""
        speaker = self._registry.find(run.run.specialist) if run else None
        return scene if speaker is None else replace(scene, specialist=speaker)

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
        work: AssistedRun | Act | FlowStep | None,
        use: ModelUse | None,
        watch: Watch,
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
        bench = work.bench if work else None
        pending = _still_open(work, outcome)
        if scene.asked.is_only_news:
            pending = scene.state.pending  # the customer has not answered yet
        state = state.with_work(pending, bench.misses if bench else state.misses)
        if not isinstance(outcome, Escalate):
            state = state.with_flow(_flow_of(scene, work))
        if use is not None and use.hops:
            state = state.with_hops([hop.by for hop in use.hops], scene.claim.seen)
        answer = outcome.text if isinstance(outcome, Reply | Offer) and is_answer(draft) else ""
        if not is_hurried(scene):
            state = state.with_trail(question_of(scene), answer)
        state = state_behind(scene, state, bench, self._acts.names)
        receipt = make_receipt(
            scene,
            draft,
            judgement,
            use=use,
            stages=watch.stages,
            tools=bench.ledger if bench else [],
            passages=list(bench.shelf.passages) if bench else [],
            memory=state.memory,
        )
        if (down := receipt["degraded"]) is not None:
            DEGRADED.labels(down["step"], down["budget"]).inc()
        if isinstance(outcome, Escalate):
            case = open_case(
                scene, state, judgement, bench, self._rules, self._priority(scene, judgement)
            )
            receipt["case"] = case.model_dump(mode="json")
        head = HeadChange(
            owner="human" if isinstance(outcome, Escalate) else None,
            specialist=scene.specialist.name,
            language=scene.language,
            sentiment=decision.sentiment if decision else None,
            priority=self._priority(scene, judgement),
            summary=headline(state.memory),
        )
        spent = spent_in(scene, use)
        return TurnCommit(
            entries=entries_of(scene, outcome),
            state=state.dump(),
            head=head,
            receipt=receipt,
            acted=bench.acted if bench else False,
            tokens_used=spent.tokens,
            cost=spent.cost,
        )


def cut_claim(claim: Claim, past: Sequence[Record]) -> Claim:
    """The claim as the turn saw it that acted and never committed: what came in since is the next
    turn's. A turn that never acted begins anew, with all there is."""
    seen = acted_up_to(past)
    kept = tuple(entry for entry in claim.entries if seen is None or entry.seq <= seen)
    if not kept or len(kept) == len(claim.entries):
        return claim
    return claim.model_copy(update={"entries": kept})


def _head_after(claim: Claim, state: EngineState) -> HeadChange:
    """What was taken back may stand in the line about the conversation."""
    if not has_new_changes(claim):
        return HeadChange()
    return HeadChange(summary=headline(state.memory) or "")


def _still_open(work: AssistedRun | Act | FlowStep | None, outcome: Outcome) -> PendingCall | None:
    """The write that the customer has just been asked about."""
    if work is None or not isinstance(outcome, Reply | Offer):
        return None
    return work.pending if isinstance(work, Act) else work.bench.pending


def _flow_of(scene: Scene, work: AssistedRun | Act | FlowStep | None) -> FlowState | None:
    """The flow that goes on behind this turn; news of a person's decision do not end it."""
    if scene.asked.is_only_news:
        return scene.state.flow
    if isinstance(work, FlowStep):
        return work.flow
    return scene.state.flow.rested() if scene.state.flow else None


def _silence(claim: Claim, asked: Asked) -> Silence | None:
    """Why the engine says nothing; the log itself is how others hear of the entries. What was
    decided for a customer who was promised to hear of it is told after the end too."""
    promised = asked.is_only_news and not asked.is_empty and claim.head.owner == "nobody"
    if claim.head.owner != "ai" and not promised:
        return Silence(reason=f"owned by {claim.head.owner}")
    if claim.head.status != "open" and not promised:
        return Silence(reason="closed")
    return Silence(reason="nothing was asked") if asked.is_empty else None
