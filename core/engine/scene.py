"""What is known before anybody answers: the question, what it is about, what was found.

Above: the turn, `plain`, `assisted`. Below: `triage`, `core.ports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from core.conversation import Claim
from core.customers.brief import Brief, Briefing
from core.engine.asked import Asked, asks, is_question, last_customer_text
from core.engine.decision import TriageDecision, raised_for_tier, with_intents
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.engine.systems import account_of, subject_of
from core.engine.triage import Triage
from core.errors import KnowledgeError
from core.ports import Embedder, KnowledgeBase, Passage, SearchResult
from core.specialists.registry import SpecialistRegistry
from core.specialists.spec import SpecialistSpec

_log = structlog.get_logger("turn")
_LONGEST = 2000
_FOLLOW_UP_WORDS = 6
# From here on a short message is clear by itself.
_FRESH_SCORE = 0.8
_FRESH_SCOPE = 1.9
_WORDS_OF_A_WHOLE = 5


@dataclass(frozen=True)
class Look:
    """One text with its vector and what triage makes of it."""

    text: str
    vector: Sequence[float]
    decision: TriageDecision


@dataclass(frozen=True)
class Finding:
    """One question and what the knowledge base has for it."""

    text: str
    result: SearchResult


@dataclass(frozen=True)
class Scene:
    """`looks` and `findings` begin with those of the whole message; `findings` is empty when
    nothing was searched. `blind` says that triage or search failed, so that nothing can be
    concluded from finding nothing. `customer` is what the company's systems know of them."""

    claim: Claim
    asked: Asked
    state: EngineState
    language: str
    specialist: SpecialistSpec
    looks: tuple[Look, ...] = ()
    findings: tuple[Finding, ...] = ()
    blind: bool = False
    customer: Brief | None = None

    @property
    def decision(self) -> TriageDecision | None:
        """What triage makes of the whole; None when it could not look."""
        return self.looks[0].decision if self.looks else None

    @property
    def kind(self) -> str:
        """The kind of the decision; a question when there is none."""
        return self.decision.kind if self.decision else "question"

    @property
    def is_clearly_outside(self) -> bool:
        """Triage takes it for a matter of somebody else, not just for one it does not know."""
        found = self.decision
        return found is not None and found.kind == "out_of_scope" and found.score >= 0.5

    @property
    def verdict(self) -> str:
        """How sure the knowledge base is about its best finding."""
        verdicts = {finding.result.verdict for finding in self.findings}
        return next((name for name in ("sure", "unsure") if name in verdicts), "none")


class Scout:
    """Looks at what a claim asks, before it is answered."""

    def __init__(
        self,
        triage: Triage,
        embedder: Embedder,
        knowledge: KnowledgeBase,
        registry: SpecialistRegistry,
        settings: EngineSettings,
        *,
        briefing: Briefing | None = None,
        tiers: Mapping[str, str] | None = None,
    ) -> None:
        """`tiers`: the least priority of what customers of a tier ask."""
        self._briefing = briefing
        self._tiers = {name.casefold(): least for name, least in (tiers or {}).items()}
        self._triage = triage
        self._embedder = embedder
        self._knowledge = knowledge
        self._registry = registry
        self._settings = settings

    async def triage(self, scene: Scene) -> Scene:
        """The scene with its decision; one embedding for each text."""
        if not scene.asked.texts:
            return replace(scene, customer=await self._brief(scene))
        try:
            looks, brief = await asyncio.gather(self._look(scene), self._brief(scene))
        except (KnowledgeError, TimeoutError) as error:
            _log.error("triage_failed", conversation=scene.claim.conversation, error=repr(error))
            return replace(scene, blind=True)
        scene = replace(scene, customer=brief)
        payer = account_of(scene.claim.head)
        decision = await self._triage.refine(looks[0].text, looks[0].decision, payer)
        decision = raised_for_tier(decision, brief.tier if brief else None, self._tiers)
        looks = (replace(looks[0], decision=decision), *looks[1:])
        specialist = self._registry.find(decision.specialist) or scene.specialist
        return replace(scene, looks=looks, specialist=specialist, language=decision.language)

    async def search(self, scene: Scene) -> Scene:
        """The scene with what the knowledge base has for the whole and for each single question."""
        if not scene.looks:
            return scene
        whole, *singles = scene.looks
        singles = [look for look in singles if _stands_alone(look)]
        try:
            found = await asyncio.gather(
                *(self._find(look, scene.language) for look in (whole, *singles))
            )
            findings = tuple(found)
            if findings[0].result.verdict == "none":
                findings = (await self._follow_up(scene, findings[0]), *findings[1:])
        except (KnowledgeError, TimeoutError) as error:
            _log.error("search_failed", conversation=scene.claim.conversation, error=repr(error))
            return replace(scene, blind=True)
        return replace(scene, findings=findings)

    async def _brief(self, scene: Scene) -> Brief | None:
        if self._briefing is None:
            return None
        return await self._briefing.look(subject_of(scene.claim.head))

    async def _look(self, scene: Scene) -> tuple[Look, ...]:
        if len(scene.asked.texts) == 1:
            return await self._look_at_one(scene, scene.asked.texts[0])
        singles = await self._judge(scene.asked.singles, scene)
        questions = [look for look in singles if look.decision.kind != "smalltalk"]
        wish = next((look for look in singles if look.decision.kind == "human_wish"), None)
        if wish is not None:
            whole = wish
        elif len(questions) == 1:
            whole = questions[0]  # the rest was greetings and thanks
        else:
            text = "\n".join(look.text for look in questions) or scene.asked.text
            whole = (await self._judge((text,), scene))[0]
        return (whole, *singles)

    async def _look_at_one(self, scene: Scene, text: str) -> tuple[Look, ...]:
        """A message, and its clauses when they ask for different things."""
        whole, *parts = await self._judge((text, *self._triage.split(text)), scene)
        decision = with_intents(whole.decision, [(part.text, part.decision) for part in parts])
        if len(decision.intents) < 2:
            questions = [part for part in parts if asks(part.text)]
            return (whole, *questions) if len(questions) > 1 else (whole,)
        asked = {found.text for found in decision.intents}
        return (replace(whole, decision=decision), *(look for look in parts if look.text in asked))

    async def _judge(self, texts: Sequence[str], scene: Scene) -> list[Look]:
        cut = [text[:_LONGEST] for text in texts]
        if not cut:
            return []
        async with asyncio.timeout(self._settings.look_seconds):
            vectors = await self._embedder.embed(cut)
        pairs = zip(cut, vectors, strict=True)
        return [
            Look(
                text,
                vector,
                self._triage.judge(
                    text, vector, last_language=scene.language, active=scene.claim.head.specialist
                ),
            )
            for text, vector in pairs
        ]

    async def _find(self, look: Look, language: str) -> Finding:
        async with asyncio.timeout(self._settings.look_seconds):
            result = await self._knowledge.search(
                look.text, limit=self._settings.passages, language=language, vector=look.vector
            )
        return Finding(look.text, result)

    async def _follow_up(self, scene: Scene, bare: Finding) -> Finding:
        """A short message that finds nothing may lean on the one before it."""
        before = last_customer_text(scene.claim)
        short = len(bare.text.split()) <= _FOLLOW_UP_WORDS
        if scene.kind != "question" or not before or not short:
            return bare
        before = before[-500:]
        earlier, look = await self._judge((before, f"{before}\n{bare.text}"), scene)
        if _is_fresh(scene.decision, earlier.decision, bare.text):
            return bare
        found = await self._find(look, scene.language)
        is_new = bool(found.result.passages) and not _was_told(found.result.passages[0], scene)
        return found if found.result.verdict == "sure" and is_new else bare


def _was_told(passage: Passage, scene: Scene) -> bool:
    """The last answer gave this very passage: then it is what the message before asked for, and
    none to the one that follows."""
    said = [entry for entry in scene.claim.history if entry.kind == "message"]
    last = said[-1] if said and said[-1].author.role == "ai" else None
    told = {(one.document, one.span) for one in last.citations} if last else set[tuple[str, str]]()
    return (passage.document, passage.span) in told


def _stands_alone(look: Look) -> bool:
    return look.decision.kind == "question" and is_question(look.text)


def _is_fresh(now: TriageDecision | None, before: TriageDecision, text: str) -> bool:
    """A short message that is clear by itself, and asks for something else than the one before; a
    whole question for another specialist is."""
    if now is None or (now.specialist, now.intent) == (before.specialist, before.intent):
        return False
    is_whole = asks(text) and len(text.split()) >= _WORDS_OF_A_WHOLE
    if is_whole and now.specialist != before.specialist and now.score >= _FRESH_SCORE:
        return True
    return now.score >= _FRESH_SCORE and now.scope - now.scope_cut >= _FRESH_SCOPE
