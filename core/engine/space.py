"""Where vectors of different languages can be compared.

Above: `training`, `triage`. Below: numpy.

Small multilingual models squeeze all texts into a narrow cone, and each language has its own corner
of it. Taking the mean of its language away from every vector, and giving it unit length again,
spreads the cone and lays the corners on each other: with the shipped model that mends about one
wrong route in ten, most of them in Czech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
_ENOUGH = 30


@dataclass(frozen=True)
class Space:
    """The means to take away; `mean` serves languages that had too few examples for their own."""

    mean: Matrix
    languages: dict[str, Matrix]

    def place(self, vectors: Matrix, languages: Sequence[str | None]) -> Matrix:
        """Rows of unit length for rows of vectors; None is a language nobody knows."""
        means = np.stack([self.languages.get(name or "", self.mean) for name in languages])
        moved = vectors - means
        return moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-6)


def fit_space(vectors: Matrix, languages: Sequence[str]) -> Space:
    """The means of these vectors, over all and by language."""
    tags = np.array(languages)
    means = {
        str(name): vectors[tags == name].mean(axis=0)
        for name in np.unique(tags)
        if int((tags == name).sum()) >= _ENOUGH
    }
    return Space(mean=vectors.mean(axis=0), languages=means)
