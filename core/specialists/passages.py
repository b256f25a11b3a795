"""The passages of one turn, numbered for the model, and turned into citations of its answer.

Above: `loop`, `tools`, the turn. Below: `core.ports`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from core.messages import Citation
from core.ports import Passage, SearchResult

_WORD = re.compile(r"[^\W_]{4,}|\d+")
_LONGEST = 1500
_SUPPORT = 0.35
_ON_TOPIC = 0.1
_MOST = 3


class PassageShelf:
    """Every passage found in this turn has one number, however often it is found."""

    def __init__(self) -> None:
        self._passages: list[Passage] = []
        self._sure: list[Passage] = []

    @property
    def passages(self) -> tuple[Passage, ...]:
        """In the order of their numbers (1 is the first)."""
        return tuple(self._passages)

    def restore(self, passages: Sequence[Passage]) -> None:
        """Put passages back under the numbers they had."""
        self._passages = list(passages)

    def add(self, passage: Passage) -> int:
        """The number of `passage`."""
        for number, known in enumerate(self._passages, 1):
            if known.id == passage.id:
                return number
        self._passages.append(passage)
        return len(self._passages)

    def describe(self, query: str, result: SearchResult, language: str) -> str:
        """A search result as the JSON text that the model reads."""
        if result.verdict == "sure":
            self._sure.append(result.passages[0])
        shape = {
            "query": query,
            "answer_in_language": language,
            "confidence": result.verdict,
            "results": [
                {
                    "n": self.add(passage),
                    "title": passage.title,
                    "heading": passage.heading,
                    "text": passage.text[:_LONGEST],
                    "url": passage.url,
                    "language": passage.language,
                }
                for passage in result.passages
            ],
        }
        return json.dumps(shape, ensure_ascii=False)

    def cite(self, text: str, marks: Sequence[int]) -> tuple[Citation, ...]:
        """Citations of an answer: what it marked, else the passages whose words it uses."""
        marked = [self._passages[mark - 1] for mark in marks if 0 < mark <= len(self._passages)]
        return tuple(citation_of(passage) for passage in (marked or self._supporting(text))[:_MOST])

    def _supporting(self, text: str) -> list[Passage]:
        """Those that hold a good part of the words; else the sure one, if it is on the topic."""
        words = _words(text)
        if not words:
            return []
        shares = [(len(words & _words(item.text)) / len(words), item) for item in self._passages]
        good = sorted((pair for pair in shares if pair[0] >= _SUPPORT), key=lambda pair: -pair[0])
        near = [item for share, item in shares if share >= _ON_TOPIC and item in self._sure]
        return [passage for _, passage in good] or near[:1]


def citation_of(passage: Passage) -> Citation:
    """The citation that an answer from this passage carries."""
    return Citation(
        document=passage.document,
        title=passage.title,
        url=passage.url,
        span=passage.span,
        score=round(passage.score, 4),
    )


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
