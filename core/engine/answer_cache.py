"""Answers to questions that were asked before: found again while what they rest on is the same.

Above: `assisted`. Below: `core.limits` (shared by all processes; every note ends by itself). Only
answers that anybody may have are kept: of public passages, by no tool but the search, with nothing
in the prompt that is one customer's. The key holds the question, the language, the specialist with
its prompt, and every passage that was found for it: when one of them changes, goes or is joined by
another, the question is asked anew. There are so many places, and a new answer takes an old one's.
"""

from __future__ import annotations

import re
from hashlib import blake2s

import structlog
from pydantic import ValidationError

from core.engine.scene import Scene
from core.errors import BusError
from core.limits import Limits
from core.memory.facts import holding
from core.messages import Citation, Frozen
from core.ports import Passage
from core.specialists.loop import SpecialistRun
from core.specialists.prompts import canary_of
from core.specialists.task import Answer
from core.specialists.tools.base import Bench
from core.telemetry import ANSWER_CACHE

_log = structlog.get_logger("turn")
_SEARCH = frozenset({"search_knowledge"})
_LONGEST_QUESTION = 300
_LONGEST_ANSWER = 4_000
_NOT_WORDS = re.compile(r"[\W_]+")
# An address, a number of an order or a telephone: the question is one customer's own.
_PERSONAL = re.compile(r"@|https?:|\d{4,}|\d[\d\s-]{6,}\d")


class CachedAnswer(Frozen):
    """An answer as it was given, under the digest of what it rests on."""

    key: str
    text: str
    citations: tuple[Citation, ...]


class AnswerCache:
    """Shared by all processes; when the store is away there is none."""

    def __init__(self, notes: Limits, *, seconds: float, slots: int) -> None:
        self._notes = notes
        self._seconds = seconds
        self._slots = slots

    async def find(self, scene: Scene, *, in_need: bool = False) -> CachedAnswer | None:
        """The answer to the same question. `in_need`: there is no budget for a new one, so it need
        not be the first question of the conversation, nor a stranger's."""
        if not _is_public(scene) or not (in_need or _is_fresh(scene)):
            return None
        key = key_of(scene)
        try:
            kept = await self._notes.kept(self._place(key))
        except BusError as error:
            _log.info("answer_cache_away", error=type(error).__name__)
            return None
        found = _read(kept)
        hit = found is not None and found.key == key
        ANSWER_CACHE.labels("hit" if hit else "miss").inc()
        return found if hit else None

    async def keep(self, scene: Scene, run: SpecialistRun, bench: Bench, answer: Answer) -> None:
        """Keep an answer, if anybody may have it."""
        if not (_is_public(scene) and _is_fresh(scene)) or not _is_reusable(run, bench, answer):
            return
        found = {passage.document for passage in passages_of(scene)}
        if not answer.citations or any(item.document not in found for item in answer.citations):
            return
        key = key_of(scene)
        cached = CachedAnswer(key=key, text=answer.text, citations=answer.citations)
        try:
            await self._notes.keep(self._place(key), cached.model_dump_json(), self._seconds)
        except BusError as error:
            _log.info("answer_cache_away", error=type(error).__name__)
            return
        ANSWER_CACHE.labels("kept").inc()

    def _place(self, key: str) -> str:
        return f"answer:{int(key[:12], 16) % self._slots}"


def key_of(scene: Scene) -> str:
    """The digest of a question and of everything its answer rests on."""
    words = _NOT_WORDS.sub(" ", scene.asked.text).strip().casefold()
    shown = sorted(
        f"{item.id}\0{item.document}\0{item.text}\0{item.url}" for item in passages_of(scene)
    )
    spec = scene.specialist
    parts = (words, scene.language, spec.name, canary_of(spec), spec.model or "", *shown)
    return blake2s("\1".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def passages_of(scene: Scene) -> list[Passage]:
    """What was found for the question."""
    return [item for finding in scene.findings for item in finding.result.passages]


def _is_public(scene: Scene) -> bool:
    """A question that says nothing of who asks it, and that the knowledge base has an answer to."""
    asked = scene.asked
    if scene.kind != "question" or scene.verdict != "sure" or asked.button or asked.files:
        return False
    if len(asked.texts) != 1 or len(asked.text) > _LONGEST_QUESTION:
        return False
    return scene.claim.head.owner == "ai" and _PERSONAL.search(asked.text) is None


def _is_fresh(scene: Scene) -> bool:
    """The first question of a conversation with somebody of whom nothing is known."""
    memory = scene.state.memory
    if scene.customer is not None and scene.customer.known:
        return False
    if holding(memory.facts) or memory.summary.lines or memory.returns:
        return False
    return not any(entry.kind == "message" for entry in scene.claim.history)


def _is_reusable(run: SpecialistRun, bench: Bench, answer: Answer) -> bool:
    """Made by the usual model, of passages only, with nothing set going."""
    if run.hops or run.low_purse or bench.facts or bench.pending or bench.acted or answer.wish:
        return False
    if any(record.name not in _SEARCH for record in bench.ledger):
        return False
    return len(answer.text) <= _LONGEST_ANSWER


def _read(kept: str | None) -> CachedAnswer | None:
    try:
        return CachedAnswer.model_validate_json(kept) if kept else None
    except ValidationError:
        return None  # of another version of ours
