"""The head on labelled messages of anybody's.

Above: `trial_run`. Below: the very modules that triage is made of: `features`,
`classifier`, `calibration`, `scope`. Without a model; deterministic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.engine import calibration
from core.engine.classifier import Classifier, Voices, train
from core.engine.features import FeatureSpace, fit_features
from core.engine.labelled import Labelled
from core.engine.scope import ScopeParts, ScopeScale, energy, fit_scale, soft_chances
from core.engine.space import Matrix

# With ten examples of a label, ten folds leave nine to learn from: a cut chosen on heads that know
# much less than the final one keeps too much.
_FOLDS = 10
_MANY = 4000  # from here on one fold in ten says as much as all of them
_KEEP = 0.95
_LANGUAGE = "und"

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Trial:
    """A trained head with its scale of scope; `cut` keeps 95 % of held-back training messages."""

    space: FeatureSpace
    head: Classifier
    scale: ScopeScale
    cut: float

    def judge(self, text: str, vector: Matrix) -> tuple[str, float, float]:
        """Label, its probability, and the score of scope of one message."""
        chances, scope = self.judge_all([text], vector[None, :])
        column = int(chances[0].argmax())
        return self.head.labels[column], float(chances[0, column]), float(scope[0])

    def judge_all(self, texts: Sequence[str], vectors: Matrix) -> tuple[Matrix, Matrix]:
        """Probabilities and scores of scope."""
        features = self.space.place(texts, vectors, [None] * len(texts))
        voices = self.head.voices(features)
        chances = self.head.chances(voices)
        return chances, self.scale.score(
            _parts(
                self.head,
                voices,
                nearest=(features.vectors @ self.head.rows.T).max(axis=1),
                typical=self.head.typical.score(features.vectors),
            )
        )


def train_trial(rows: Sequence[Labelled], vectors: Matrix, tell: Tell | None = None) -> Trial:
    """Train on these rows; mixture, temperature and cut come from rows held back among them."""
    texts, labels = [row.text for row in rows], [row.category for row in rows]
    space = fit_features(texts, vectors, [_LANGUAGE] * len(rows))
    features = space.place(texts, vectors, [None] * len(rows))
    held = calibration.hold_back(
        features,
        labels,
        _turns(labels),
        folds=_FOLDS,
        rounds=1 if len(rows) > _MANY else None,
        tell=tell,
    )
    own = {label: label for label in held.labels}
    head = calibration.tuned(train(features, labels), held, labels, own)
    scale, cut = _scope_of(head, held)
    return Trial(space, head, scale, cut)


def measure(
    trial: Trial, rows: Sequence[Labelled], vectors: Matrix, foreign: Sequence[str], strange: Matrix
) -> dict[str, Any]:
    """The figures of the command but for its times; None where nothing foreign was given."""
    chances, scope = trial.judge_all([row.text for row in rows], vectors)
    found = [trial.head.labels[int(column)] for column in chances.argmax(axis=1)]
    truth = [row.category for row in rows]
    right = np.array([one == two for one, two in zip(found, truth, strict=True)])
    away = trial.judge_all(foreign, strange)[1] if foreign else None
    return {
        "accuracy": round(float(right.mean()), 4),
        "macro_f1": round(_macro_f1(found, truth), 4),
        "ece": round(calibration.expected_error(chances, right), 4),
        "oos_auroc": None if away is None else round(calibration.auroc(scope, away), 4),
        "oos_recall_at_5": None if away is None else round(float((away < trial.cut).mean()), 4),
        "in_scope_lost": None if away is None else round(float((scope < trial.cut).mean()), 4),
        "n": len(rows),
    }


def _scope_of(head: Classifier, held: calibration.HeldBack) -> tuple[ScopeScale, float]:
    parts = _parts(head, held.voices, nearest=held.nearest, typical=held.typical)
    scale = fit_scale(parts)
    return scale, calibration.cut_to_keep(scale.score(parts), _KEEP)


def _parts(head: Classifier, voices: Voices, *, nearest: Matrix, typical: Matrix) -> ScopeParts:
    chances = soft_chances(voices.mixed(head.mix))
    return ScopeParts(
        certain=np.log(np.maximum(chances.max(axis=1), 1e-9)),
        energy=energy(voices.scores, list(range(len(head.labels)))),
        nearest=nearest,
        typical=typical,
    )


def _turns(labels: Sequence[str]) -> list[int]:
    """How many of its label come before each row: parts made of these hold some of every label."""
    seen: dict[str, int] = defaultdict(int)
    turns: list[int] = []
    for label in labels:
        turns.append(seen[label])
        seen[label] += 1
    return turns


def _macro_f1(found: Sequence[str], truth: Sequence[str]) -> float:
    scores: list[float] = []
    for label in set(truth):
        hits = sum(one == two == label for one, two in zip(found, truth, strict=True))
        named = sum(one == label for one in found) + sum(two == label for two in truth)
        scores.append(2 * hits / named)
    return float(np.mean(scores))
