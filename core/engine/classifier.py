"""A multinomial logistic head on sentence vectors, in numpy alone.

Above: `training`, `triage`. Below: numpy.

Vectors of small multilingual models are squeezed into a narrow cone; taking their common mean away
and giving them unit length again spreads them, so every head carries the mean it was trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class LogisticHead:
    """`weights` has one row for each label and one column more than the vectors (the bias)."""

    labels: tuple[str, ...]
    weights: Matrix
    mean: Matrix
    temperature: float = 1.0

    def probabilities(self, vectors: Matrix) -> Matrix:
        """Rows of label probabilities for rows of raw vectors."""
        logits = _with_bias(centre(vectors, self.mean)) @ self.weights.T
        return softmax(logits / self.temperature)

    def with_temperature(self, temperature: float) -> LogisticHead:
        """The same head, calibrated."""
        return LogisticHead(self.labels, self.weights, self.mean, temperature)


def train_head(
    vectors: Matrix,
    labels: Sequence[str],
    *,
    mean: Matrix,
    strength: float = 30.0,
    rounds: int = 200,
) -> LogisticHead:
    """Fit by accelerated gradient descent; deterministic.

    `strength` is the inverse of the L2 penalty (as C of other libraries, on unit vectors). Rare
    labels weigh more, so that a big one does not swallow its small neighbours.
    """
    names = tuple(sorted(set(labels)))
    index = {name: number for number, name in enumerate(names)}
    targets = np.array([index[label] for label in labels], dtype=np.int64)
    rows = _with_bias(centre(vectors, mean))
    counts = np.bincount(targets, minlength=len(names)).astype(np.float32)
    weight = np.sqrt(counts.mean() / counts)[targets]
    weight /= weight.sum()
    penalty = 1.0 / (strength * len(labels))
    weights = _descend(rows, targets, weight, penalty, len(names), rounds)
    return LogisticHead(names, weights, mean)


def centre(vectors: Matrix, mean: Matrix) -> Matrix:
    """Take the mean away and give every row unit length."""
    moved = vectors - mean
    return moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-6)


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
