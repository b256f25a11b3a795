"""How typical a vector is of what is asked: relative Mahalanobis distance.

Above: `classifier`, `calibration`, `trial`. Below: numpy.

Distances to the means of the labels are measured along the ways in which messages of one label
differ, and set against the distance to the mean of them all. Of single measures it tells foreign
messages best (AUROC .978 on a public set, against .961 for the nearest example).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.space import Matrix

_SHRINK = 0.5  # towards a sphere: few examples know little of shapes


@dataclass(frozen=True)
class Typical:
    """`inner` and `outer` straighten the two spaces; `centres` are the labels' means in the first,
    `middle` the mean of all in the second."""

    inner: Matrix
    outer: Matrix
    centres: Matrix
    middle: Matrix

    def distances(self, rows: Matrix) -> Matrix:
        """Squared distances to the mean of each label."""
        here = rows @ self.inner
        squares = (here * here).sum(axis=1)[:, None] + (self.centres**2).sum(axis=1)[None, :]
        return (squares - 2.0 * here @ self.centres.T).astype(np.float32)

    def score(self, rows: Matrix) -> Matrix:
        """Higher is more typical."""
        nearest = self.distances(rows).min(axis=1)
        away = ((rows @ self.outer - self.middle) ** 2).sum(axis=1)
        return (away - nearest).astype(np.float32)


def fit_typical(rows: Matrix, labels: Sequence[str] | NDArray[np.int64]) -> Typical:
    """Learn it from vectors and their labels; the means are in the order of the sorted labels."""
    unique, places = np.unique(np.asarray(labels), return_inverse=True)
    sums = np.zeros((len(unique), rows.shape[1]), dtype=np.float32)
    np.add.at(sums, places, rows)
    means = sums / np.bincount(places)[:, None]
    middle = rows.mean(axis=0)
    inner, outer = (
        _straighten((rows - means[places]).astype(np.float32)),
        _straighten(rows - middle),
    )
    return Typical(inner, outer, (means @ inner).astype(np.float32), middle @ outer)


def _straighten(differences: Matrix) -> Matrix:
    """A square root of the inverse of their shrunken covariance. Every root gives the same
    distances; that of Cholesky is an order of magnitude cheaper than the symmetric one."""
    size = differences.shape[1]
    spread = differences.T @ differences / len(differences)
    round_one = max(float(np.trace(spread)) / size, 1e-9)
    shrunken: Matrix = (1.0 - _SHRINK) * spread + _SHRINK * round_one * np.eye(size)
    root = np.asarray(np.linalg.cholesky(shrunken.astype(np.float64)))
    return np.linalg.inv(root).T.astype(np.float32)
