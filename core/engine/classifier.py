"""Tells labels apart: logistic heads on vectors and on pieces of words, centres, neighbours.

Above: `calibration`, `training`, `triage`. Below: `logistic`, numpy.

The first head draws the lines between meanings. The joint head sees the letters beside the meaning,
and so knows the odd word that decides. The centres know which differences are common within one
label. The nearest examples know the corners of a label that no line reaches. How much each has to
say is chosen on examples held back (`calibration.tuned`), never typed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.engine.features import Features
from core.engine.logistic import Labels, fit_logistic, log_softmax, softmax, with_bias
from core.engine.space import Matrix
from core.engine.typical import Typical, fit_typical
from core.messages import Frozen

_NEIGHBOURS = 10
_SHARPNESS = 20.0
_LEAST = 1e-6
_LETTERS = 0.5
_DISTANCE = 0.035


class Mix(Frozen):
    """Shares of the voices, 0 to 1. `neighbours` is mixed into the probabilities of the vectors'
    head; `joint` and `centres` then into the logarithms of those."""

    joint: float = 0.5
    centres: float = 0.0
    neighbours: float = 0.0


_UNTUNED = Mix()


@dataclass(frozen=True)
class Voices:
    """What each part says, before it is mixed: raw scores of the vectors' head, log-probabilities
    of the joint head and of the nearest centres, votes of the neighbours."""

    scores: Matrix
    joint: Matrix
    centres: Matrix
    votes: Matrix

    def mixed(self, mix: Mix) -> Matrix:
        """Log-probabilities, before the temperature."""
        both = (1.0 - mix.neighbours) * softmax(self.scores) + mix.neighbours * self.votes
        logs = (1.0 - mix.joint - mix.centres) * np.log(np.maximum(both, _LEAST))
        return (logs + mix.joint * self.joint + mix.centres * self.centres).astype(np.float32)


@dataclass(frozen=True)
class Classifier:
    """Weights have one row for each label and one column more than the features (the bias); `rows`
    are the vectors of the examples it learned from, `targets` the numbers of their labels."""

    labels: tuple[str, ...]
    weights: Matrix
    joint_weights: Matrix
    typical: Typical
    rows: Matrix
    targets: Labels
    mix: Mix = _UNTUNED
    temperature: float = 1.0

    def probabilities(self, features: Features) -> Matrix:
        """Rows of label probabilities."""
        return self.chances(self.voices(features))

    def chances(self, voices: Voices) -> Matrix:
        """Rows of label probabilities for what the voices said."""
        return softmax(voices.mixed(self.mix) / self.temperature)

    def voices(self, features: Features) -> Voices:
        """What each part says about these texts."""
        return Voices(
            scores=with_bias(features.vectors) @ self.weights.T,
            joint=log_softmax(with_bias(_joined(features)) @ self.joint_weights.T),
            centres=log_softmax(_DISTANCE * -self.typical.distances(features.vectors)),
            votes=self._votes(features.vectors),
        )

    def tuned(self, mix: Mix, temperature: float) -> Classifier:
        """The same, with the mixture and the temperature of examples held back."""
        return replace(self, mix=mix, temperature=temperature)

    def _votes(self, rows: Matrix) -> Matrix:
        """Votes of the nearest examples, nearer ones louder."""
        similar = rows @ self.rows.T
        count = min(_NEIGHBOURS, similar.shape[1])
        best = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        loudness = softmax(_SHARPNESS * np.take_along_axis(similar, best, axis=1))
        votes = np.zeros((len(rows), len(self.labels)), dtype=np.float32)
        for column in range(count):
            voters = self.targets[best[:, column]]
            np.add.at(votes, (np.arange(len(rows)), voters), loudness[:, column])
        return votes


def train(features: Features, labels: Sequence[str], *, strength: float = 40.0) -> Classifier:
    """Fit all parts; deterministic.

    Rare labels weigh more, so that a big one does not swallow its small neighbours.
    """
    names = tuple(sorted(set(labels)))
    index = {name: number for number, name in enumerate(names)}
    targets = np.array([index[label] for label in labels], dtype=np.int64)
    counts = np.bincount(targets, minlength=len(names)).astype(np.float32)
    weight = np.sqrt(counts.mean() / counts)[targets]
    weight /= weight.sum()
    weights, joint = (
        fit_logistic(rows, targets, len(names), strength=strength, weight=weight)
        for rows in (features.vectors, _joined(features))
    )
    typical = fit_typical(features.vectors, targets)
    return Classifier(names, weights, joint, typical, features.vectors, targets)


def _joined(features: Features) -> Matrix:
    """Meaning and letters side by side; the letters count half."""
    return np.hstack([features.vectors, _LETTERS * features.grams])
