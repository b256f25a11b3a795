"""How well a sentence is supported by the evidence: shared words, pairs of words, pieces of words.

Above: `evidence`, `answer`, the evaluation. Below: `folding`. No model: well under a millisecond a
sentence. Long and rarely shared words count for more than the small ones that hold every sentence
together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.specialists.checks.folding import stem, words_of

_GRAM = 4
_SMALL_WORD = 3
_LONGEST_WEIGHT = 7
_NOVELTY = 0.1
_WEIGHTS = (0.6, 0.2, 0.2)  # words, pairs, pieces


@dataclass
class _Body:
    words: set[str] = field(default_factory=set[str])
    pairs: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    grams: set[str] = field(default_factory=set[str])
    text: list[str] = field(default_factory=list[str])

    def add(self, text: str) -> None:
        words, pairs, grams = _parts(text)
        self.words |= words
        self.pairs |= pairs
        self.grams |= grams
        self.text.append(text)


@lru_cache(maxsize=2048)
def _parts(text: str) -> tuple[frozenset[str], frozenset[tuple[str, str]], frozenset[str]]:
    """Words, pairs and pieces; remembered, because passages come back turn after turn."""
    stems = [stem(word) for word in words_of(text)]
    return frozenset(stems), frozenset(itertools.pairwise(stems)), frozenset(_grams(stems))


class Ground:
    """The evidence as support can be measured on it, by who wrote it."""

    def __init__(self) -> None:
        self._bodies: dict[str, _Body] = {}

    def add(self, text: str, source: str) -> None:
        """More of it."""
        self._bodies.setdefault(source, _Body()).add(text)

    def texts(self, source: str) -> list[str]:
        """What this source wrote."""
        body = self._bodies.get(source)
        return body.text if body else []

    def support(self, sentence: str, sources: Sequence[str]) -> float:
        """0: nothing of it stands there; 1: all of it. A sentence without words has 1."""
        bodies = [self._bodies[name] for name in sources if name in self._bodies]
        stems = [stem(word) for word in words_of(sentence)]
        if not stems:
            return 1.0
        weights = [_weight(word) for word in stems]
        known = [any(word in body.words for body in bodies) for word in stems]
        shared = sum(weight for weight, is_known in zip(weights, known, strict=True) if is_known)
        pairs = list(itertools.pairwise(stems))
        same = sum(any(pair in body.pairs for body in bodies) for pair in pairs)
        grams = _grams(stems)
        kept = sum(any(gram in body.grams for body in bodies) for gram in grams)
        parts = (
            shared / sum(weights),
            same / len(pairs) if pairs else shared / sum(weights),
            kept / len(grams) if grams else shared / sum(weights),
        )
        strange = sum(not is_known and _is_full(word) for word, is_known in zip(stems, known, strict=True))  # noqa: E501  # fmt: skip
        score = sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True))
        return max(0.0, score - _NOVELTY * math.log1p(strange))


def support(sentence: str, evidence: str) -> float:
    """The support of one sentence by one text."""
    ground = Ground()
    ground.add(evidence, "passage")
    return ground.support(sentence, ("passage",))


def full_words(sentence: str) -> int:
    """How many of its words can carry a fact."""
    return sum(_is_full(word) for word in words_of(sentence))


def _is_full(word: str) -> bool:
    return len(word) > _SMALL_WORD


def _weight(word: str) -> float:
    return min(len(word), _LONGEST_WEIGHT) * (1.0 if _is_full(word) else 0.6)


def _grams(stems: Sequence[str]) -> set[str]:
    text = " ".join(stems)
    return {text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1)}
