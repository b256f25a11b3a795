"""Tells labels from sentence vectors: a logistic head and the nearest examples, in numpy alone.

Above: `training`, `triage`. Below: `space`, numpy.

The head draws the lines between labels; the nearest examples know the odd corners of a label that a
line cannot reach. Their mixture is right more often than either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.engine.space import Matrix

Labels = NDArray[np.int64]

_NEIGHBOURS = 10
_SHARPNESS = 20.0
_SHARE_OF_NEIGHBOURS = 0.4
_LEAST = 1e-6


@dataclass(frozen=True)
class Classifier:
    """`weights` has one row for each label and one column more than the rows (the bias); `rows`
    are the examples it learned from, `targets` the numbers of their labels."""

    labels: tuple[str, ...]
    weights: Matrix
    rows: Matrix
    targets: Labels
    temperature: float = 1.0

    def probabilities(self, rows: Matrix) -> Matrix:
        """Rows of label probabilities for rows placed in the space."""
        return softmax(self.logits(rows) / self.temperature)

    def logits(self, rows: Matrix) -> Matrix:
        """Logarithms of the mixture, before the temperature."""
        head = softmax(_with_bias(rows) @ self.weights.T)
        near = self._neighbours(rows)
        mixed = (1.0 - _SHARE_OF_NEIGHBOURS) * head + _SHARE_OF_NEIGHBOURS * near
        return np.log(np.maximum(mixed, _LEAST)).astype(np.float32)

    def with_temperature(self, temperature: float) -> Classifier:
        """The same, calibrated."""
        return replace(self, temperature=temperature)

    def _neighbours(self, rows: Matrix) -> Matrix:
        """Votes of the nearest examples, nearer ones louder."""
        similar = rows @ self.rows.T
        count = min(_NEIGHBOURS, similar.shape[1])
        best = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        found = np.take_along_axis(similar, best, axis=1)
        voices = softmax(_SHARPNESS * found)
        votes = np.zeros((len(rows), len(self.labels)), dtype=np.float32)
        for column in range(count):
            np.add.at(
                votes, (np.arange(len(rows)), self.targets[best[:, column]]), voices[:, column]
            )
        return votes


def train(
    rows: Matrix, labels: Sequence[str], *, strength: float = 20.0, rounds: int = 200
) -> Classifier:
    """Fit by accelerated gradient descent; deterministic.

    `strength` is the inverse of the L2 penalty (as C of other libraries, on unit vectors). Rare
    labels weigh more, so that a big one does not swallow its small neighbours.
    """
    names = tuple(sorted(set(labels)))
    index = {name: number for number, name in enumerate(names)}
    targets = np.array([index[label] for label in labels], dtype=np.int64)
    counts = np.bincount(targets, minlength=len(names)).astype(np.float32)
    weight = np.sqrt(counts.mean() / counts)[targets]
    weight /= weight.sum()
    penalty = 1.0 / (strength * len(labels))
    weights = _descend(_with_bias(rows), targets, weight, penalty, len(names), rounds)
    return Classifier(names, weights, rows, targets)


def softmax(logits: Matrix) -> Matrix:
    """Row by row."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _with_bias(rows: Matrix) -> Matrix:
    return np.hstack([rows, np.ones((len(rows), 1), dtype=np.float32)])


def _descend(
    rows: Matrix, targets: Labels, weight: Matrix, penalty: float, labels: int, rounds: int
) -> Matrix:
    """Nesterov's method with the step that the curvature allows, restarted when it overshoots."""
    truth = np.zeros((len(rows), labels), dtype=np.float32)
    truth[np.arange(len(rows)), targets] = 1.0
    heavy = rows * np.sqrt(weight)[:, None]
    step = 1.0 / (0.5 * float(np.linalg.norm(heavy, 2)) ** 2 + penalty)
    now = np.zeros((labels, rows.shape[1]), dtype=np.float32)
    ahead, momentum = now, 1.0
    for _ in range(rounds):
        wrong = (softmax(rows @ ahead.T) - truth) * weight[:, None]
        slope = wrong.T @ rows + penalty * ahead
        after = ahead - step * slope
        if float(np.sum(slope * (after - now))) > 0:
            ahead, momentum = now, 1.0
            continue
        grown = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = after + ((momentum - 1.0) / grown) * (after - now)
        now, momentum = after, float(grown)
    return now.astype(np.float32)
