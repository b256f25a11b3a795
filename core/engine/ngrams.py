"""What the letters of a text say: its character and word pieces, hashed into one row of numbers.

Above: `features`. Below: numpy.

Sentence vectors know meanings, and blur the odd word that decides: a product name, a code, a typo.
Pieces of words know nothing but those. Accents are taken away first, so that Czech without
diacritics has the same pieces as Czech with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np

from core.engine.space import Matrix
from core.text import unmarked

SIZE = 2048
_SHORTEST, _LONGEST = 2, 5
_MOST = 600  # characters read: the beginning of a long message says what it is about
_WORD = re.compile(r"\S+")
_PLAIN = re.compile(r"\w+")


@dataclass(frozen=True)
class Grams:
    """`weights` says how telling each place of a row is: rare pieces tell more."""

    weights: Matrix

    def place(self, texts: Sequence[str]) -> Matrix:
        """A row of unit length (or of zeros) for each text."""
        rows = np.zeros((len(texts), len(self.weights)), dtype=np.float32)
        for number, text in enumerate(texts):
            rows[number] = _row(text, len(self.weights))
        rows *= self.weights
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def fit_grams(texts: Sequence[str], *, size: int = SIZE) -> Grams:
    """The weights that these texts suggest."""
    seen = np.zeros(size, dtype=np.float32)
    for text in texts:
        seen += _row(text, size) != 0
    return Grams((np.log((1.0 + len(texts)) / (1.0 + seen)) + 1.0).astype(np.float32))


def _row(text: str, size: int) -> Matrix:
    """Signed counts: pieces that share a place cancel out rather than add up."""
    hashes = np.fromiter((crc32(piece.encode()) for piece in _pieces(text)), dtype=np.int64)
    if not len(hashes):
        return np.zeros(size, dtype=np.float32)
    unique, counts = np.unique(hashes, return_counts=True)
    heard = (1.0 + np.log(counts)) * np.where(unique & 1, 1.0, -1.0)
    return np.bincount((unique >> 1) % size, weights=heard, minlength=size).astype(np.float32)


def _pieces(text: str) -> Iterator[str]:
    folded = unmarked(text[:_MOST])
    for word in _WORD.findall(folded):
        padded = f" {word} "
        for length in range(_SHORTEST, _LONGEST + 1):
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]
    words = _PLAIN.findall(folded)
    for word in words:
        yield f"word:{word}"
    for first, second in pairwise(words):
        yield f"pair:{first} {second}"
