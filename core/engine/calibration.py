"""Honest scores: what the head says about examples it was not trained on.

Above: `training`. Below: `classifier`, numpy.

Examples are held back by groups. The group is the place of an example in its list, so that the
translations of one sentence are held back together and cannot answer for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.engine.classifier import Classifier, softmax, train
from core.engine.space import Matrix

_TEMPERATURES = (
    0.3,
    0.35,
    0.4,
    0.45,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    1.0,
    1.15,
    1.3,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
)


@dataclass(frozen=True)
class HeldBack:
    """Logits of every example from a head that had not seen it, and its nearest other example."""

    labels: tuple[str, ...]
    logits: Matrix
    nearest: Matrix


def hold_back(
    rows: Matrix, labels: Sequence[str], groups: Sequence[int], *, folds: int = 4, rounds: int = 120
) -> HeldBack:
    """Cross-validated logits in the order of the examples; `rows` are placed in the space."""
    names = tuple(sorted(set(labels)))
    fold = np.array([group % folds for group in groups])
    logits = np.full((len(labels), len(names)), -20.0, dtype=np.float32)
    nearest = np.zeros(len(labels), dtype=np.float32)
    for number in range(folds):
        held = fold == number
        if not held.any() or held.all():
            continue
        kept = [label for label, out in zip(labels, held, strict=True) if not out]
        head = train(rows[~held], kept, rounds=rounds)
        columns = np.array([names.index(name) for name in head.labels], dtype=np.int64)
        logits[np.flatnonzero(held)[:, None], columns[None, :]] = head.logits(rows[held])
        nearest[held] = (rows[held] @ rows[~held].T).max(axis=1)
    return HeldBack(names, logits, nearest)


def fit_temperature(held: HeldBack, labels: Sequence[str], groups: dict[str, str]) -> float:
    """The temperature at which the held-back probabilities are truest (least log loss).

    `groups` names what a label counts as: whoever asks for the specialist does not mind which of
    its intents was meant.
    """
    members = np.array([groups[name] for name in held.labels])
    right = np.stack([members == groups[label] for label in labels])

    def loss(temperature: float) -> float:
        chances = softmax(held.logits / temperature)
        return float(-np.log(np.maximum((chances * right).sum(axis=1), 1e-9)).mean())

    return min(_TEMPERATURES, key=loss)


def expected_error(probabilities: Matrix, right: Sequence[bool], *, bins: int = 10) -> float:
    """Expected calibration error: how far stated certainty is from the share that is right."""
    sure = probabilities.max(axis=1)
    hits = np.array(right, dtype=np.float32)
    places = np.minimum((sure * bins).astype(int), bins - 1)
    error = 0.0
    for place in range(bins):
        here = places == place
        if here.any():
            error += here.mean() * abs(float(sure[here].mean()) - float(hits[here].mean()))
    return float(error)


def cut_to_keep(scores: Sequence[float] | Matrix, share: float) -> float:
    """The cut below which at most `1 - share` of these scores fall."""
    return float(np.quantile(np.asarray(scores, dtype=np.float32), 1.0 - share))


def auroc(positive: Sequence[float] | Matrix, negative: Sequence[float] | Matrix) -> float:
    """The chance that a positive scores above a negative (ties count half)."""
    high = np.asarray(positive, dtype=np.float64)
    low = np.sort(np.asarray(negative, dtype=np.float64))
    if not len(high) or not len(low):
        return float("nan")
    below = np.searchsorted(low, high, side="left")
    upto = np.searchsorted(low, high, side="right")
    return float((below + upto).mean() / (2 * len(low)))


def calibrated(
    head: Classifier, held: HeldBack, labels: Sequence[str], groups: dict[str, str]
) -> Classifier:
    """`head` with the temperature of the held-back examples."""
    return head.with_temperature(fit_temperature(held, labels, groups))
