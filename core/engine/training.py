"""From example sentences to trained, calibrated heads; the result is kept on disk.

Above: `triage`. Below: `exemplars`, `vectors`, `classifier`, `calibration`.

Cut-offs are not typed in by anybody. Held-back examples say how certain the head is of sentences it
has never seen, and the cut is set so that a stated share of them is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from core.engine import calibration
from core.engine.classifier import Classifier, train
from core.engine.exemplars import ROUTE_KINDS, Exemplar, digest
from core.engine.space import Matrix, Space, fit_space
from core.engine.vectors import VectorStore, read_arrays, write_arrays
from core.errors import ConfigError
from core.messages import Frozen
from core.ports import Embedder

_log = structlog.get_logger("triage")
_FORM = "4"  # grows when what is stored changes its shape
_FOLDS = 4
_PARTS = ("weights", "rows", "targets")
MOODS = ("sentiment", "priority")


class Calibration(Frozen):
    """Measured on held-back examples; stored with the name of the embedding model.

    `keep_share` of the in-scope examples score above `scope_cut`. `accuracy` is that of the
    specialist, `error` the expected calibration error of its stated certainty.
    """

    model: str
    examples: int
    keep_share: float
    scope_cut: float
    scope_centre: tuple[float, float]
    scope_spread: tuple[float, float]
    accuracy: float
    error: float
    scope_auroc: float
    wish_cut: float


@dataclass(frozen=True)
class TrainedTriage:
    """Everything a decision needs. `exemplars` are those of the routes, in the order of the
    classifier's rows."""

    space: Space
    route: Classifier
    moods: dict[str, Classifier]
    exemplars: tuple[Exemplar, ...]
    calibration: Calibration


async def train_triage(
    exemplars: Sequence[Exemplar], embedder: Embedder, folder: Path, *, keep_share: float = 0.95
) -> TrainedTriage:
    """Trained heads for these sentences; from disk if nothing changed since.

    Raises `ConfigError` when the sentences are too few to learn from.
    """
    routes = tuple(item for item in exemplars if item.kind in ROUTE_KINDS)
    if len({item.route for item in routes}) < 2:
        raise ConfigError("triage needs examples of at least two kinds")
    path = folder / f"triage-{digest(exemplars, f'{embedder.name} {_FORM} {keep_share}')}.npz"
    stored = await asyncio.to_thread(_load, path, routes)
    if stored is not None:
        return stored
    vectors = await VectorStore(folder, embedder).embed([item.text for item in exemplars])
    trained = await asyncio.to_thread(_train, exemplars, vectors, embedder.name, keep_share)
    await asyncio.to_thread(_store, path, trained)
    return trained


def scope_score(
    log_certainty: Matrix,
    nearest: Matrix,
    centres: tuple[float, float],
    spreads: tuple[float, float],
) -> Matrix:
    """How much a message looks like what we are asked: certainty and nearness, standardised."""
    certain = (log_certainty - centres[0]) / spreads[0]
    near = (nearest - centres[1]) / spreads[1]
    return ((certain + near) / 2).astype(np.float32)


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


def _train(
    exemplars: Sequence[Exemplar], vectors: Matrix, model: str, keep_share: float
) -> TrainedTriage:
    languages = [item.language for item in exemplars]
    space = fit_space(vectors, languages)
    rows = space.place(vectors, languages)
    picked = [n for n, item in enumerate(exemplars) if item.kind in ROUTE_KINDS]
    routes = tuple(exemplars[n] for n in picked)
    head, held = _train_one(rows[picked], [item.route for item in routes], routes)
    measured = _measure(head, held, routes, model, keep_share)
    _log.info("triage_trained", examples=len(routes), accuracy=measured.accuracy)
    return TrainedTriage(space, head, _train_moods(exemplars, rows), routes, measured)


def _train_moods(exemplars: Sequence[Exemplar], rows: Matrix) -> dict[str, Classifier]:
    heads: dict[str, Classifier] = {}
    for mood in MOODS:
        picked = [n for n, item in enumerate(exemplars) if item.kind == mood]
        labels = [exemplars[n].label for n in picked]
        if len(set(labels)) > 1:
            heads[mood], _ = _train_one(rows[picked], labels, [exemplars[n] for n in picked])
    return heads


def _train_one(
    rows: Matrix, labels: Sequence[str], exemplars: Sequence[Exemplar]
) -> tuple[Classifier, calibration.HeldBack]:
    held = calibration.hold_back(rows, labels, [item.place for item in exemplars], folds=_FOLDS)
    groups = {
        label: item.specialist or item.kind if item.kind in ROUTE_KINDS else label
        for label, item in zip(labels, exemplars, strict=True)
    }
    return calibration.calibrated(train(rows, labels), held, labels, groups), held


def _measure(
    head: Classifier,
    held: calibration.HeldBack,
    routes: Sequence[Exemplar],
    model: str,
    keep_share: float,
) -> Calibration:
    """What the held-back examples say; the labels of `held` are those of `head`."""
    chances = calibration.softmax(held.logits / head.temperature)
    shares = specialist_shares(head, chances)
    names, table = list(shares), np.stack(list(shares.values()), axis=1)
    inside = np.array([item.kind == "intent" for item in routes])
    outside = np.array([item.kind == "out_of_scope" for item in routes])
    certain = np.log(np.maximum(1.0 - kind_share(head, chances, "out_of_scope"), 1e-6))
    best = np.log(np.maximum(table.max(axis=1), 1e-6)) + certain
    centres = (float(best[inside].mean()), float(held.nearest[inside].mean()))
    spreads = (float(best[inside].std()) or 1.0, float(held.nearest[inside].std()) or 1.0)
    scores = scope_score(best, held.nearest, centres, spreads)
    right = [
        names[int(table[n].argmax())] == item.specialist
        for n, item in enumerate(routes)
        if item.kind == "intent"
    ]
    wishes = np.array([item.kind == "human_wish" for item in routes])
    wish = kind_share(head, chances, "human_wish")
    return Calibration(
        model=model,
        examples=len(routes),
        keep_share=keep_share,
        scope_cut=calibration.cut_to_keep(scores[inside], keep_share),
        scope_centre=centres,
        scope_spread=spreads,
        accuracy=round(float(np.mean(right)), 4),
        error=round(calibration.expected_error(table[inside], right), 4),
        scope_auroc=round(calibration.auroc(scores[inside], scores[outside]), 4)
        if outside.any()
        else 0.0,
        wish_cut=_wish_cut(wish[wishes], wish[~wishes]),
    )


def _wish_cut(wishes: Matrix, others: Matrix) -> float:
    """Between the wishes and the rest; a little below it the turn offers a human."""
    if not len(wishes):
        return 1.1
    low, high = float(np.quantile(wishes, 0.05)), float(np.quantile(others, 0.99))
    return float(np.clip((low + high) / 2, 0.45, 0.7))


def _store(path: Path, trained: TrainedTriage) -> None:
    arrays: dict[str, np.ndarray] = {"mean": trained.space.mean}
    for language, mean in trained.space.languages.items():
        arrays[f"mean.{language}"] = mean
    facts: dict[str, Any] = {"calibration": trained.calibration.model_dump(), "heads": {}}
    for name, head in {"route": trained.route, **trained.moods}.items():
        for part in _PARTS:
            arrays[f"{name}.{part}"] = getattr(head, part)
        facts["heads"][name] = {"labels": head.labels, "temperature": head.temperature}
    arrays["facts"] = np.array(json.dumps(facts))
    write_arrays(path, arrays)
    for old in sorted(path.parent.glob("triage-*.npz"), key=lambda file: file.stat().st_mtime)[:-4]:
        old.unlink(missing_ok=True)


def _load(path: Path, routes: tuple[Exemplar, ...]) -> TrainedTriage | None:
    arrays = read_arrays(path)
    if arrays is None:
        return None
    try:
        facts = json.loads(str(arrays["facts"]))
        heads = {
            name: Classifier(
                labels=tuple(about["labels"]),
                temperature=float(about["temperature"]),
                **{part: arrays[f"{name}.{part}"] for part in _PARTS},
            )
            for name, about in facts["heads"].items()
        }
        languages = {
            name.removeprefix("mean."): mean
            for name, mean in arrays.items()
            if name.startswith("mean.")
        }
        measured = Calibration.model_validate(facts["calibration"])
        space = Space(arrays["mean"], languages)
        return TrainedTriage(space, heads.pop("route"), heads, routes, measured)
    except (KeyError, ValueError):
        return None
