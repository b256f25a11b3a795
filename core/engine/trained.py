"""What training makes, and how the heads of triage are read.

Above: `training`, `trained_files`, `triage`. Below: `classifier`, `features`, `scope`. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.alarms import AlarmCuts
from core.engine.classifier import Classifier, Mix
from core.engine.exemplars import Exemplar
from core.engine.features import FeatureSpace
from core.engine.scope import ScopeScale
from core.engine.space import Matrix
from core.engine.typical import Typical
from core.messages import Frozen


class Calibration(Frozen):
    """Measured on held-back examples; stored with the name of the embedding model.

    `keep_share` of the in-scope examples score above `scope_cut`, and of each language above its
    own of `scope_cuts`. `accuracy` is that of the specialist (`accuracies` by language), `error`
    the expected calibration error of its stated certainty; from `sure_score` on 95 % are right.
    """

    model: str
    examples: int
    keep_share: float
    scope_cut: float
    scope_cuts: dict[str, float]
    scope: ScopeScale
    mix: Mix
    accuracy: float
    accuracies: dict[str, float]
    error: float
    scope_auroc: float
    wish_cut: float
    alarms: AlarmCuts | None = None
    sure_score: float

    def cut_of(self, language: str | None) -> float:
        """The cut for a message in this language."""
        return self.scope_cuts.get(language or "", self.scope_cut)


@dataclass(frozen=True)
class TrainedTriage:
    """Everything a decision needs. `exemplars` are those of the routes, in the order of the
    classifier's rows; `inside` marks the in-scope ones, of which `typical` knows the shape."""

    space: FeatureSpace
    route: Classifier
    typical: Typical
    inside: NDArray[np.bool_]
    moods: dict[str, Classifier]
    exemplars: tuple[Exemplar, ...]
    calibration: Calibration


def specialist_shares(head: Classifier, probabilities: Matrix) -> dict[str, Matrix]:
    """Probability of each specialist: the sum over its intents."""
    shares: dict[str, Matrix] = {}
    for column, label in enumerate(head.labels):
        kind, specialist, _ = label.split("/", 2)
        if kind == "intent":
            part = probabilities[..., column]
            shares[specialist] = shares[specialist] + part if specialist in shares else part
    return shares


def kind_share(head: Classifier, probabilities: Matrix, kind: str) -> Matrix:
    """Probability of a kind: the sum over its labels."""
    columns = [n for n, label in enumerate(head.labels) if label.startswith(f"{kind}/")]
    return probabilities[..., columns].sum(axis=-1)
