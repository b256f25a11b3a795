"""What is known before anybody answers: the question, what it is about, what was found.

Above: the turn, `plain`, `assisted`. Below: `triage`, `core.ports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from core.conversation import Claim
from core.engine.asked import Asked, is_question, last_customer_text
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.engine.triage import Triage, TriageDecision
from core.errors import KnowledgeError
from core.ports import Embedder, KnowledgeBase, SearchResult
from core.specialists.registry import SpecialistRegistry
from core.specialists.spec import SpecialistSpec

_log = structlog.get_logger("turn")
_LONGEST = 2000
_FOLLOW_UP_WORDS = 6


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
    concluded from finding nothing."""

    claim: Claim
    asked: Asked
    state: EngineState
    language: str
    specialist: SpecialistSpec
    looks: tuple[Look, ...] = ()
    findings: tuple[Finding, ...] = ()
    blind: bool = False

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
    ) -> None:
        self._triage = triage
        self._embedder = embedder
        self._knowledge = knowledge
        self._registry = registry
        self._settings = settings

    async def triage(self, scene: Scene) -> Scene:
        """The scene with its decision; one embedding for each text."""
        if not scene.asked.texts:
            return scene
        try:
            looks = await self._look(scene)
        except (KnowledgeError, TimeoutError) as error:
            _log.error("triage_failed", conversation=scene.claim.conversation, error=repr(error))
            return replace(scene, blind=True)
        decision = looks[0].decision
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

    async def _look(self, scene: Scene) -> tuple[Look, ...]:
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
        (look,) = await self._judge((f"{before[-500:]}\n{bare.text}",), scene)
        found = await self._find(look, scene.language)
        return found if found.result.verdict == "sure" else bare


def _stands_alone(look: Look) -> bool:
    return look.decision.kind == "question" and is_question(look.text)
