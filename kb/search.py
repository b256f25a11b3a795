"""Searches the knowledge base. Serves `core.ports.KnowledgeBase`.

Above: the engine, the REST routes. Below: `kb.index` finds candidates, `kb.ranking` puts them in
order, `kb.calibration` says how sure one may be, `kb.spans` picks the words to quote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from core.language import LanguageDetector
from core.ports import Embedder, Passage, SearchResult
from core.text import clean_text
from kb.index import PassageIndex
from kb.nearest import exact
from kb.ranking import Question, Ranked, rank, to_passage
from kb.refresher import Synchroniser
from kb.snapshot import Snapshot
from kb.spans import best_span

_WIDE = 50
_LONGEST = 2000


class Searcher:
    """Finds the passages that answer a question."""

    def __init__(self, index: PassageIndex, embedder: Embedder, synchroniser: Synchroniser) -> None:
        self._index = index
        self._embedder = embedder
        self._synchroniser = synchroniser
        self._detector: LanguageDetector | None = None

    async def search(
        self, query: str, *, limit: int = 5, language: str | None = None,
        categories: Sequence[str] = (), vector: Sequence[float] | None = None,
    ) -> SearchResult:  # fmt: skip
        """The passages nearest to `query`. Raises `KnowledgeError`."""
        text = clean_text(query)[:_LONGEST]
        if vector is None:
            vector = (await self._embedder.embed([text]))[0]
        await self._synchroniser.wait_built()
        snapshot = self._synchroniser.snapshot
        question = Question(
            text, np.asarray(vector, dtype=np.float32), language or self._detect(text)
        )
        hits = await self._candidates(snapshot, question, categories)
        wanted = frozenset(categories)
        ranked = rank(
            snapshot, question, hits,
            allows=(lambda item: item.document.category in wanted) if wanted else None,
        )  # fmt: skip
        return self._judge(question, ranked[: max(0, limit)])

    async def _candidates(
        self, snapshot: Snapshot, question: Question, categories: Sequence[str]
    ) -> list[str]:
        """Nearest by the placed question, which looks past languages, and by the plain one. In one
        process they come from the vectors in memory: Qdrant's local mode is slower at any size,
        and with a filter takes 0.2 s among 5,000 (docs/adr/0016-candidates.md)."""
        if not self._index.shared:
            return await asyncio.to_thread(exact, snapshot, question, categories, _WIDE)
        placed = snapshot.frame.place_question(question.vector, question.language)
        vectors = [placed, question.vector]
        return await self._index.nearest(vectors, limit=_WIDE, categories=categories)

    def _judge(self, question: Question, ranked: list[Ranked]) -> SearchResult:
        calibration = self._synchroniser.calibration
        passages: list[Passage] = []
        for found in ranked:
            span = best_span(found.item.passage.text, question.text)
            score = round(calibration.score(found), 4)
            passages.append(to_passage(found, question, span=span, score=score))
        best = max((passage.score for passage in passages), default=0.0)
        ahead = ranked[0].ahead if ranked else 0.0
        return SearchResult(
            passages=tuple(passages), verdict=calibration.verdict(best, ahead),
            sure_cut=calibration.sure_cut, unsure_cut=calibration.unsure_cut,
        )  # fmt: skip

    def _detect(self, text: str) -> str | None:
        self._detector = self._detector or LanguageDetector()
        return self._detector.detect(text).language
