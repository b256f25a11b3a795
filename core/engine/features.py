"""What heads see of a text: its vector in the space of its language, and its pieces of words.

Above: `training`, `triage`, `trial`. Below: `space`, `ngrams`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.ngrams import SIZE, Grams, fit_grams
from core.engine.space import Matrix, Space, fit_space


@dataclass(frozen=True)
class Features:
    """One row of unit length for each text, in both matrices."""

    vectors: Matrix
    grams: Matrix

    def __len__(self) -> int:
        return len(self.vectors)

    def pick(self, rows: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> Features:
        """Some of the rows."""
        return Features(self.vectors[rows], self.grams[rows])


@dataclass(frozen=True)
class FeatureSpace:
    """How texts become features; learned from the examples, and the same ever after."""

    space: Space
    grams: Grams

    def place(
        self, texts: Sequence[str], vectors: Matrix, languages: Sequence[str | None]
    ) -> Features:
        """The features of texts whose vectors are known."""
        return Features(self.space.place(vectors, languages), self.grams.place(texts))


def fit_features(
    texts: Sequence[str], vectors: Matrix, languages: Sequence[str], *, size: int = SIZE
) -> FeatureSpace:
    """Learn the means of the languages and the weights of the pieces, in rows of this `size`."""
    return FeatureSpace(fit_space(vectors, languages), fit_grams(texts, size=size))
