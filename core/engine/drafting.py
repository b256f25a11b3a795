"""While a person has the conversation: a draft for them instead of an answer for the customer.

Above: the worker (`CarryingTurn`, `HearingTurn` stand around it). Below: another `TurnRunner`,
silent then, `scene`, `assisted`, `plain`, `core.drafts`.

A draft is no word: it is committed as an entry of kind `draft`, which no channel delivers, and
nothing of it is shown while it is made. It holds up nobody: when the customer writes on, or a
person answers or gives the conversation back, the making stops at once. A draft that cannot be
made is no fault of the turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from core.conversation import Claim, Head, HeadChange, TurnCommit
from core.drafts import unanswered_words
from core.engine.asked import Asked
from core.engine.assisted import AssistedAnswers, ModelUse
from core.engine.changes import with_changes
from core.engine.commands import read_command
from core.engine.plain import Draft, PlainAnswers
from core.engine.receipt import make_receipt, spent_in
from core.engine.runner import DeltaSink, TurnRunner
from core.engine.scene import Scene, Scout
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.errors import BusUnavailable, LeaseLost, ModelError
from core.escalation.policy import Judgement
from core.ids import ConversationId, draft_entry_id
from core.language import LanguageDetector
from core.learning.autonomy import RULE
from core.messages import Author, Entry, EntryBody
from core.outcome import Reply
from core.ports import Passage, StepJournal
from core.runtime import end_tasks, spawn
from core.specialists.registry import SpecialistRegistry
from core.specialists.tools.base import ToolRecord
from core.telemetry import TURNS

LookAtHead = Callable[[ConversationId], Awaitable[Head]]
_log = structlog.get_logger("drafting")
_MOST_WORDS = 5
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Made:
    """A draft with what the commit must know of it."""

    scene: Scene
    reply: Reply
    source: str
    use: ModelUse | None = None
    passages: Sequence[Passage] = ()
    tools: Sequence[ToolRecord] = ()
    stages: tuple[tuple[str, float], ...] = ()


class Drafter:
    """Makes drafts; holds nothing of any conversation."""

    def __init__(
        self, *, scout: Scout, plain: PlainAnswers, assisted: AssistedAnswers | None,
        registry: SpecialistRegistry, detector: LanguageDetector, settings: EngineSettings,
    ) -> None:  # fmt: skip
        self._scout = scout
        self._plain = plain
        self._assisted = assisted
        self._registry = registry
        self._detector = detector
        self._settings = settings

    async def make(self, claim: Claim, state: EngineState) -> Made | None:
        """The draft for what the customer waits to hear; None: nothing sound can be suggested."""
        claim = with_changes(claim)
        words = words_to_answer(claim)
        if not words:
            return None
        began = time.perf_counter()
        scene = await self._scout.triage(self._scene(claim, words, state))
        if scene.asked.texts and read_command(scene.asked) is not None:
            return None
        scene = await self._scout.search(scene)
        found = (("search", (time.perf_counter() - began) * 1000),)
        return await self._with_model(scene, found) or self._from_passages(scene, found)

    def _scene(self, claim: Claim, words: Sequence[Entry], state: EngineState) -> Scene:
        """The scene that begins with the first unanswered word; what was said before, by people
        too, is its history."""
        shown, first = (*claim.history, *claim.entries), words[0].seq
        claim = claim.model_copy(
            update={
                "history": tuple(entry for entry in shown if entry.seq < first),
                "entries": tuple(entry for entry in shown if entry.seq >= first),
            }
        )
        asked = Asked(messages=tuple(words))
        last = claim.head.language or self._settings.default_language
        return Scene(
            claim=claim,
            asked=asked,
            state=state,
            language=self._detector.choose(" ".join(asked.texts), last=last),
            specialist=self._registry.find(claim.head.specialist) or self._registry.fallback,
        )

    async def _with_model(self, scene: Scene, found: tuple[tuple[str, float], ...]) -> Made | None:
        """In a specialist's words, checked like an answer; None when there is no model, or none
        that is up to it."""
        if self._assisted is None:
            return None
        began = time.perf_counter()
        run = self._assisted.prepare(scene, Unheard(), _Unwritten(), for_people=True)
        deadline = time.monotonic() + self._settings.draft_seconds
        try:
            draft = await self._assisted.answer(scene, run, deadline=deadline)
        except ModelError as error:
            _log.info("draft_without_model", conversation=scene.claim.conversation, code=error.code)
            made = self._from_passages(scene, found)
            return replace(made, use=run.use(error.code)) if made else None
        if not isinstance(draft.outcome, Reply):
            return None
        took = ("model", (time.perf_counter() - began) * 1000)
        return Made(
            scene, draft.outcome, draft.source, run.use(), run.bench.shelf.passages,
            run.bench.ledger, (*found, took),
        )  # fmt: skip

    def _from_passages(self, scene: Scene, found: tuple[tuple[str, float], ...]) -> Made | None:
        draft = self._plain.suggest(scene)
        if draft is None or not isinstance(draft.outcome, Reply):
            return None
        return Made(scene, draft.outcome, draft.source, stages=found)


class DraftingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(self, turn: TurnRunner, drafter: Drafter, look: LookAtHead) -> None:
        self._turn = turn
        self._drafter = drafter
        self._look = look

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        commit = await self._turn.run(claim, deltas, steps)
        if left_to_people(commit):
            return _read_again(commit, claim)
        if not is_wanted(claim):
            return commit
        made = await self._make(claim, EngineState.of(commit.state))
        if made is None:
            return commit
        TURNS.labels(specialist=made.reply.specialist or "", outcome="draft").inc()
        return _with_draft(commit, made)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`. Where a person has the conversation the AI has no word, not even this
        one."""
        if claim.head.owner != "ai":
            return TurnCommit(state=claim.state)
        return await self._turn.apologise(claim, error)

    async def _make(self, claim: Claim, state: EngineState) -> Made | None:
        """The draft, unless it is late before it is made."""
        work = spawn(self._drafter.make(claim, state), name="draft")
        try:
            while True:
                done, _ = await asyncio.wait({work}, timeout=_LOOK_SECONDS)
                if done:
                    return work.result()
                if await self._is_late(claim):
                    _log.info("draft_dropped", conversation=claim.conversation)
                    return None
        except (BusUnavailable, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001 -- people answer without it
            _log.error("draft_failed", conversation=claim.conversation, exc_info=error)
            return None
        finally:
            await end_tasks(work)

    async def _is_late(self, claim: Claim) -> bool:
        """Somebody spoke or acted meanwhile: the store will not take this turn, or a newer draft
        comes right behind it."""
        head = await self._look(claim.conversation)
        return head.epoch != claim.epoch or head.last_customer_seq > claim.seen


class Unheard:
    """A `DeltaSink` that shows nobody anything."""

    async def send(self, text: str) -> None:
        """See `DeltaSink`."""

    def reset(self) -> None:
        """See `DeltaSink`."""


class _Unwritten:
    """A `StepJournal` that keeps nothing: a draft does nothing that a crash must not repeat."""

    async def load(self) -> list[dict[str, Any]]:
        """See `StepJournal`."""
        return []

    async def record(self, step: dict[str, Any]) -> None:
        """See `StepJournal`."""


def left_to_people(commit: TurnCommit) -> bool:
    """True for a hand-over because people answer questions of this kind. It must be one: a turn
    that hands nothing over would read the question for ever."""
    judged: dict[str, Any] = (commit.receipt or {}).get("escalation") or {}
    return commit.head.owner == "human" and judged.get("rule") == RULE


def _read_again(commit: TurnCommit, claim: Claim) -> TurnCommit:
    """The customer is told at once; the next turn reads the question again, and drafts."""
    first = next(entry.seq for entry in claim.entries if entry.author.role == "customer")
    return commit.model_copy(update={"seen": first - 1})


def is_wanted(claim: Claim) -> bool:
    """True if a person has the conversation and the customer's newest words are in this claim."""
    head = claim.head
    if head.owner != "human" or head.status != "open" or head.last_customer_seq > claim.seen:
        return False
    return any(entry.author.role == "customer" for entry in claim.entries)


def words_to_answer(claim: Claim) -> list[Entry]:
    """The customer's words that wait for an answer, if any of them is new; the last few."""
    words = unanswered_words((*claim.history, *claim.entries))
    spoken = [entry for entry in words if entry.text.strip()][-_MOST_WORDS:]
    new = claim.entries[0].seq if claim.entries else 0
    return spoken if spoken and spoken[-1].seq >= new else []


def _with_draft(commit: TurnCommit, made: Made) -> TurnCommit:
    """The silent turn's commit with the draft before all else: its receipt is kept under it."""
    scene, reply = made.scene, made.reply
    draft = EntryBody(
        id=draft_entry_id(scene.claim.conversation, scene.claim.seen),
        kind="draft",
        author=Author(role="ai", specialist=reply.specialist or scene.specialist.name),
        text=reply.text,
        citations=reply.citations,
        in_reply_to=scene.asked.messages[-1].seq,
        reason=reply.reason,
        language=scene.language,
    )
    receipt = make_receipt(
        scene,
        Draft(reply, True, made.source),
        Judgement(verdict="continue"),
        use=made.use,
        tools=list(made.tools),
        passages=list(made.passages),
        stages=dict(made.stages),
        memory=EngineState.of(commit.state).memory,
    )
    spent = spent_in(scene, made.use)
    return commit.model_copy(
        update={
            "entries": (draft, *commit.entries),
            "receipt": {**receipt, "outcome": "draft"},
            "head": commit.head.model_copy(update=_heard(scene, commit.head)),
            "tokens_used": commit.tokens_used + spent.tokens,
            "cost": commit.cost + spent.cost,
        }
    )


def _heard(scene: Scene, head: HeadChange) -> dict[str, str | None]:
    """How the customer sounds now, for whoever looks at the conversation."""
    decision = scene.decision
    return {
        "language": head.language or scene.language,
        "sentiment": head.sentiment or (decision.sentiment if decision else None),
    }
