"""Whether a message is anything we are asked at all: four measures, standardised, averaged.

Above: `calibration`, `training`, `triage`, `trial`. Below: `classifier`, `typical`.

`certain` is the logarithm of the best probability, `energy` how loud the head is on labels of ours
altogether, `nearest` the likeness of the closest example, `typical` what `typical` says. Each is
fooled by other messages; together they are fooled least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.logistic import softmax
from core.engine.space import Matrix
from core.messages import Frozen

_SOFTNESS = 2.0


@dataclass(frozen=True)
class ScopeParts:
    """The measures of some messages, one number each, in this order."""

    certain: Matrix
    energy: Matrix
    nearest: Matrix
    typical: Matrix

    def pick(self, rows: NDArray[np.bool_]) -> ScopeParts:
        """Those of some of the messages."""
        return ScopeParts(
            self.certain[rows], self.energy[rows], self.nearest[rows], self.typical[rows]
        )

    def table(self) -> Matrix:
        """A row for each message."""
        return np.stack([self.certain, self.energy, self.nearest, self.typical], axis=1)


class ScopeScale(Frozen):
    """Mean and spread of each measure over in-scope messages that were held back."""

    centre: tuple[float, ...]
    spread: tuple[float, ...]

    def score(self, parts: ScopeParts) -> Matrix:
        """Higher is more likely ours; about 0 for an ordinary message of ours."""
        centre, spread = np.array(self.centre), np.array(self.spread)
        return ((parts.table() - centre) / spread).mean(axis=1).astype(np.float32)


def fit_scale(parts: ScopeParts) -> ScopeScale:
    """The scale of in-scope messages."""
    table = parts.table()
    spread = np.where(table.std(axis=0) > 1e-9, table.std(axis=0), 1.0)
    return ScopeScale(
        centre=tuple(float(value) for value in table.mean(axis=0)),
        spread=tuple(float(value) for value in spread),
    )


def energy(scores: Matrix, columns: NDArray[np.int64] | list[int]) -> Matrix:
    """Logarithm of the summed exponentials of the head's raw scores on these labels."""
    picked = scores[:, columns]
    top = picked.max(axis=1, keepdims=True)
    return (top[:, 0] + np.log(np.exp(picked - top).sum(axis=1))).astype(np.float32)


def soft_chances(logs: Matrix) -> Matrix:
    """Probabilities as `certain` wants them: softer than the truest, which tell the sure ones from
    the surer no more."""
    return softmax(logs / _SOFTNESS)
