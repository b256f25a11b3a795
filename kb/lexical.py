"""Likeness by letters: pieces of words for texts of one language, exact codes for all.

Above: `kb.snapshot`, `kb.ranking`. Below: numpy. Pure.

Pieces of four letters do for every language what a stemmer does for one; across languages they
say nothing, so they are only compared within one. A code such as E14 means the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 17
_SIZE = 4
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[\w]+(?:-\w+)*(?![\w-])")
_SPLIT_CODE = re.compile(r"(?<!\w)([^\W\d_]{1,3})[ -](\d{1,6})(?!\w)")


@dataclass(frozen=True, slots=True)
class Grams:
    """The pieces of a text: buckets in rising order, and how often (dampened) each occurs."""

    buckets: NDArray[np.int32]
    weights: NDArray[np.float32]


def grams_of(text: str) -> Grams:
    """The pieces of every word, word borders included."""
    counts: Counter[int] = Counter()
    for word in _WORD.findall(fold(text)):
        padded = f" {word} "
        for at in range(max(1, len(padded) - _SIZE + 1)):
            counts[crc32(padded[at : at + _SIZE].encode()) % BUCKETS] += 1
    buckets = sorted(counts)
    weights = [1.0 + np.log(counts[bucket]) for bucket in buckets]
    return Grams(np.array(buckets, dtype=np.int32), np.array(weights, dtype=np.float32))


def codes_of(text: str) -> frozenset[str]:
    """Words of letters and digits together (E14, X200-B, 2FA), also when written `E 14`."""
    folded = fold(text)
    found = {code.replace("-", "") for code in _CODE.findall(folded)}
    found |= {letters + digits for letters, digits in _SPLIT_CODE.findall(folded)}
    return frozenset(found)


def fold(text: str) -> str:
    """Small letters without accents: customers write Czech without them."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


class Lexicon:
    """How rare each piece is among the passages of one language."""

    def __init__(self, texts: Iterable[Grams]) -> None:
        seen = np.zeros(BUCKETS, dtype=np.float32)
        count = 0
        for grams in texts:
            seen[grams.buckets] += 1.0
            count += 1
        self._rarity = np.log((count + 1.0) / (seen + 0.5)).astype(np.float32)

    def length(self, grams: Grams) -> float:
        """The length of a text as a vector of weighted pieces."""
        return float(np.linalg.norm(grams.weights * self._rarity[grams.buckets])) or 1.0

    def spread(self, query: Grams) -> NDArray[np.float32]:
        """A query over all buckets, ready to be compared with many texts."""
        spread = np.zeros(BUCKETS, dtype=np.float32)
        rarity = self._rarity[query.buckets]
        spread[query.buckets] = query.weights * rarity * rarity / self.length(query)
        return spread


def likeness(spread: NDArray[np.float32], text: Grams, length: float) -> float:
    """Cosine of a spread query and a text, 0–1."""
    return float(text.weights @ spread[text.buckets]) / length
