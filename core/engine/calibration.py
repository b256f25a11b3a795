"""Honest scores: what heads say about examples they were not trained on.

Above: `training`, `trial`. Below: `classifier`, `typical`, numpy.

Examples are held back by groups, so that the translations of one sentence are held back together
and cannot answer for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from core.engine.classifier import Classifier, Mix, Voices, train
from core.engine.features import Features
from core.engine.logistic import softmax
from core.engine.space import Matrix
from core.engine.typical import fit_typical

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

_TEMPERATURES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0)
_JOINT = (0.0, 0.3, 0.6, 0.9)
_CENTRES = (0.0, 0.1, 0.2, 0.3)
_NEIGHBOURS = (0.0, 0.2, 0.4)
_UNHEARD = -20.0  # what a head says of a label that it never saw


@dataclass(frozen=True)
class HeldBack:
    """`places` are the examples held back, in the order of all else; `nearest` and `typical` are
    measured against the in-scope examples that were not held back with them."""

    labels: tuple[str, ...]
    places: Places
    voices: Voices
    nearest: Matrix
    typical: Matrix

    @property
    def order(self) -> list[int]:
        """`places` as plain numbers."""
        return [int(place) for place in self.places]


def hold_back(
    features: Features,
    labels: Sequence[str],
    groups: Sequence[int],
    *,
    inside: Flags | None = None,
    folds: int = 4,
    rounds: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> HeldBack:
    """Cross-validated voices. `inside` marks the in-scope examples (all of them if not given);
    `rounds` stops after so many of the folds, for sets where one is enough."""
    names = tuple(sorted(set(labels)))
    fold = np.array([group % folds for group in groups])
    within = np.ones(len(labels), dtype=bool) if inside is None else inside
    parts: list[HeldBack] = []
    count = min(folds, rounds or folds)
    for number in range(count):
        held = fold == number
        if held.any() and not held.all():
            parts.append(_one_fold(features, labels, names, held, within))
        if tell is not None:
            tell(number + 1, count)
    return _joined(names, parts)


def _joined(names: tuple[str, ...], parts: Sequence[HeldBack]) -> HeldBack:
    """The folds as one, in the order of the examples."""
    places = np.concatenate([part.places for part in parts])
    order = np.argsort(places, kind="stable")

    def join(pick: Callable[[HeldBack], Matrix]) -> Matrix:
        return np.concatenate([pick(part) for part in parts])[order]

    return HeldBack(
        labels=names,
        places=places[order],
        voices=Voices(
            scores=join(lambda part: part.voices.scores),
            joint=join(lambda part: part.voices.joint),
            centres=join(lambda part: part.voices.centres),
            votes=join(lambda part: part.voices.votes),
        ),
        nearest=join(lambda part: part.nearest),
        typical=join(lambda part: part.typical),
    )


def _one_fold(
    features: Features, labels: Sequence[str], names: tuple[str, ...], held: Flags, within: Flags
) -> HeldBack:
    head = train(
        features.pick(~held), [label for label, out in zip(labels, held, strict=True) if not out]
    )
    mine, inner = features.pick(held), features.pick(within & ~held)
    typical = fit_typical(
        inner.vectors, [label for label, one in zip(labels, within & ~held, strict=True) if one]
    )
    columns = np.array([names.index(name) for name in head.labels], dtype=np.int64)
    return HeldBack(
        labels=names,
        places=np.flatnonzero(held),
        voices=_widened(head.voices(mine), columns, len(names)),
        nearest=(mine.vectors @ inner.vectors.T).max(axis=1),
        typical=typical.score(mine.vectors),
    )


def _widened(voices: Voices, columns: Places, width: int) -> Voices:
    """The voices with a column for each label there is."""

    def spread(table: Matrix, empty: float) -> Matrix:
        wide = np.full((len(table), width), empty, dtype=np.float32)
        wide[:, columns] = table
        return wide

    return Voices(
        scores=spread(voices.scores, _UNHEARD),
        joint=spread(voices.joint, _UNHEARD),
        centres=spread(voices.centres, _UNHEARD),
        votes=spread(voices.votes, 0.0),
    )


def tuned(
    head: Classifier, held: HeldBack, labels: Sequence[str], groups: dict[str, str]
) -> Classifier:
    """`head` with the mixture and the temperature at which held-back probabilities are truest.

    `groups` names what a label counts as: whoever asks for the specialist does not mind which of
    its intents was meant. The mixture is chosen on the labels themselves.
    """
    own = [labels[place] for place in held.order]
    exact = _right(held.labels, own, {name: name for name in held.labels})
    best = min(
        (
            (_least_loss(held.voices.mixed(mix), exact)[0], number, mix)
            for number, mix in enumerate(_mixes())
        ),
        key=lambda found: found[:2],
    )[2]
    _, temperature = _least_loss(held.voices.mixed(best), _right(held.labels, own, groups))
    return head.tuned(best, temperature)


def _mixes() -> list[Mix]:
    found = product(_JOINT, _CENTRES, _NEIGHBOURS)
    return [Mix(joint=a, centres=b, neighbours=c) for a, b, c in found if a + b <= 1.0]


def _right(names: tuple[str, ...], labels: Sequence[str], groups: dict[str, str]) -> Flags:
    members = np.array([groups[name] for name in names])
    return np.stack([members == groups[label] for label in labels])


def _least_loss(logs: Matrix, right: Flags) -> tuple[float, float]:
    """The least log loss over the temperatures, and the temperature."""

    def loss(temperature: float) -> float:
        chances = (softmax(logs / temperature) * right).sum(axis=1)
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return min((loss(temperature), temperature) for temperature in _TEMPERATURES)


def expected_error(
    probabilities: Matrix, right: Sequence[bool] | Flags, *, bins: int = 10
) -> float:
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
