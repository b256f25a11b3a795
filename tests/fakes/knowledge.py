"""A knowledge base and an embedder without any model: words decide."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.errors import KnowledgeError
from core.ports import Passage, SearchResult

_WORD = re.compile(r"[^\W_]{2,}")


class WordEmbedder:
    """Unit vectors of hashed words and their parts: alike words, alike vectors."""

    name = "words-1"
    size = 256

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.broken = False

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text."""
        if self.broken:
            raise KnowledgeError("the embedder is broken")
        self.calls.append(list(texts))
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = np.full(self.size, 1e-3)
        for word in _WORD.findall(text.lower()):
            for piece in (word, word[:4]):
                vector[zlib.crc32(piece.encode()) % self.size] += 1.0
        return (vector / np.linalg.norm(vector)).tolist()


def passage(
    name: str, text: str, *, score: float = 0.9, language: str = "en", title: str | None = None
) -> Passage:
    """A passage whose span is its text."""
    return Passage(
        id=f"{name}#0",
        document=name,
        title=title or name.replace("-", " ").capitalize(),
        url=f"https://help.example.com/{name}",
        language=language,
        text=text,
        span=text,
        score=score,
        similarity=score,
    )


class FakeKnowledge:
    """Finds what a test has put in under a word that the query holds."""

    def __init__(self) -> None:
        self._shelf: list[tuple[str, tuple[Passage, ...], str]] = []
        self.queries: list[str] = []
        self.vectors: list[Sequence[float] | None] = []
        self.broken = False

    def knows(
        self, word: str, *passages: Passage, verdict: Literal["sure", "unsure"] = "sure"
    ) -> FakeKnowledge:
        """A query with `word` in it finds these."""
        self._shelf.append((word.lower(), passages, verdict))
        return self

    async def search(
        self,
        query: str,
        *,
        limit: int = 5,
        language: str | None = None,
        categories: Sequence[str] = (),
        vector: Sequence[float] | None = None,
    ) -> SearchResult:
        """See `core.ports.KnowledgeBase`."""
        if self.broken:
            raise KnowledgeError("the knowledge base is broken")
        self.queries.append(query)
        self.vectors.append(vector)
        for word, passages, verdict in self._shelf:
            if word in query.lower():
                return SearchResult(
                    passages=passages[:limit],
                    verdict=verdict,  # type: ignore[arg-type]
                    sure_cut=0.6,
                    unsure_cut=0.3,
                )
        return SearchResult(passages=(), verdict="none", sure_cut=0.6, unsure_cut=0.3)
