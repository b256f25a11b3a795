"""Searches the knowledge base. Serves `core.ports.KnowledgeBase`.

Above: the engine, the REST routes. Below: `kb.index`, `kb.catalogue`, an embedder.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.ports import Embedder, Passage, SearchResult
from kb.catalogue import Catalogue, Item
from kb.index import PassageIndex
from kb.refresher import Synchroniser
from kb.spans import best_span

_WIDE = 40


class Searcher:
    """Finds the passages that answer a question."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: PassageIndex,
        embedder: Embedder,
        synchroniser: Synchroniser,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._embedder = embedder
        self._synchroniser = synchroniser

    async def search(
        self, query: str, *, limit: int = 5, language: str | None = None,
        categories: Sequence[str] = (), vector: Sequence[float] | None = None,
    ) -> SearchResult:  # fmt: skip
        """The passages nearest to `query`. Raises `KnowledgeError`."""
        await self._synchroniser.wait_built()
        if vector is None:
            vector = (await self._embedder.embed([query]))[0]
        hits = await self._index.nearest(vector, limit=_WIDE, categories=categories)
        pairs = [(self._catalogue.get(hit.passage), hit.similarity) for hit in hits]
        found = [(item, similarity) for item, similarity in pairs if item is not None]
        passages = [_show(item, similarity, query) for item, similarity in found[:limit]]
        best = passages[0].score if passages else 0.0
        verdict = "sure" if best >= 0.5 else "unsure" if best >= 0.2 else "none"
        return SearchResult(passages=tuple(passages), verdict=verdict, sure_cut=0.5, unsure_cut=0.2)


def _show(item: Item, similarity: float, query: str) -> Passage:
    piece, document = item.passage, item.document
    return Passage(
        id=piece.id, document=document.id, title=document.title, url=document.url,
        category=document.category, language=document.language, heading=piece.heading,
        text=piece.text, span=best_span(piece.text, query),
        score=max(0.0, min(1.0, (similarity - 0.78) / 0.1)), similarity=similarity,
    )  # fmt: skip
