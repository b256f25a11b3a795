"""From example sentences to trained, calibrated heads; the result is kept on disk.

Above: `triage`, `open`. Below: `exemplars`, `vectors`, `calibration`, `trained`, `trained_files`.

Cut-offs are not typed in by anybody. Held-back examples say how certain the heads are of sentences
they have never seen, and the cut is set, for each language, so that a stated share of them is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog

from core.engine import calibration
from core.engine.alarms import HEAD, train_alarms
from core.engine.classifier import Classifier, train
from core.engine.exemplars import ROUTE_KINDS, Exemplar, digest
from core.engine.features import Features, fit_features
from core.engine.scope import ScopeParts, energy, fit_scale, soft_chances
from core.engine.space import Matrix
from core.engine.trained import Calibration, TrainedTriage, kind_share, specialist_shares
from core.engine.trained_files import load_trained, store_trained
from core.engine.typical import fit_typical
from core.engine.vectors import VectorStore
from core.errors import ConfigError
from core.ports import Embedder

_log = structlog.get_logger("triage")
_FORM = "9"  # grows when what is stored, or how it is made, changes
_FOLDS = 4
_MANY, _ROUNDS_OF_MANY = 2000, 2  # half of so many examples say as much as all of them
# Fewer than a trial takes: over five languages meaning decides, and a first start waits for it.
_PIECES = 512
_SURE_SHARE = 0.95
_ENOUGH = 60  # held-back examples of a language, to have a cut of its own
MOODS = ("sentiment", "priority")


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
    stored = await asyncio.to_thread(load_trained, path, routes)
    if stored is not None:
        return stored
    vectors = await VectorStore(folder, embedder).embed([item.text for item in exemplars])
    trained = await asyncio.to_thread(_train, exemplars, vectors, embedder.name, keep_share)
    await asyncio.to_thread(store_trained, path, trained)
    return trained


def scope_parts(
    head: Classifier, logs: Matrix, scores: Matrix, nearest: Matrix, typical: Matrix
) -> ScopeParts:
    """The measures of scope of messages, from what the head says of them."""
    chances = soft_chances(logs)
    table = np.stack(list(specialist_shares(head, chances).values()), axis=1)
    outside = kind_share(head, chances, "out_of_scope")
    certain = np.log(np.maximum(table.max(axis=1), 1e-6))
    certain += np.log(np.maximum(1.0 - outside, 1e-6))
    ours = [n for n, label in enumerate(head.labels) if label.startswith("intent/")]
    return ScopeParts(certain, energy(scores, ours), nearest, typical)


def _train(
    exemplars: Sequence[Exemplar], vectors: Matrix, model: str, keep_share: float
) -> TrainedTriage:
    texts, languages = [item.text for item in exemplars], [item.language for item in exemplars]
    # Alarms are shouted, not asked: they would move the middle of what is ordinarily said.
    calm = [n for n, item in enumerate(exemplars) if item.kind != HEAD]
    space = fit_features(
        [texts[n] for n in calm], vectors[calm], [languages[n] for n in calm], size=_PIECES
    )  # fmt: skip
    features = space.place(texts, vectors, languages)
    picked = [n for n, item in enumerate(exemplars) if item.kind in ROUTE_KINDS]
    routes = tuple(exemplars[n] for n in picked)
    mine = features.pick(picked)
    head, held = _train_one(mine, [item.route for item in routes], routes)
    measured = _measure(head, held, routes, model, keep_share)
    alarms = train_alarms(exemplars, features)
    moods = _train_moods(exemplars, features)
    if alarms is not None:
        moods[HEAD] = alarms[0]
        measured = measured.model_copy(update={"alarms": alarms[1]})
    _log.info("triage_trained", examples=len(routes), accuracy=measured.accuracy)
    inside = np.array([item.kind == "intent" for item in routes])
    return TrainedTriage(
        space=space,
        route=head,
        typical=fit_typical(
            mine.vectors[inside], [item.route for item in routes if item.kind == "intent"]
        ),
        inside=inside,
        moods=moods,
        exemplars=routes,
        calibration=measured,
    )


def _train_moods(exemplars: Sequence[Exemplar], features: Features) -> dict[str, Classifier]:
    heads: dict[str, Classifier] = {}
    for mood in MOODS:
        picked = [n for n, item in enumerate(exemplars) if item.kind == mood]
        labels = [exemplars[n].label for n in picked]
        if len(set(labels)) > 1:
            if mood == "sentiment":
                plain = _plain_questions(exemplars)
                picked, labels = [*picked, *plain], [*labels, *("neutral" for _ in plain)]
            mine = features.pick(picked)
            heads[mood], _ = _train_one(mine, labels, [exemplars[n] for n in picked])
    return heads


def _plain_questions(exemplars: Sequence[Exemplar]) -> list[int]:
    """Every third question of the specialists: whoever asks one is in no mood."""
    asked = [n for n, item in enumerate(exemplars) if item.kind == "intent" and "?" in item.text]
    return asked[::3]


def _train_one(
    features: Features, labels: Sequence[str], exemplars: Sequence[Exemplar]
) -> tuple[Classifier, calibration.HeldBack]:
    inside = np.array([item.kind not in ROUTE_KINDS - {"intent"} for item in exemplars])
    held = calibration.hold_back(
        features,
        labels,
        [item.place for item in exemplars],
        inside=inside if inside.any() else None,
        folds=_FOLDS,
        rounds=_ROUNDS_OF_MANY if len(labels) > _MANY else None,
    )
    groups = {
        label: item.specialist or item.kind if item.route == label else label
        for label, item in zip(labels, exemplars, strict=True)
    }
    return calibration.tuned(train(features, labels), held, labels, groups), held


def _measure(
    head: Classifier,
    held: calibration.HeldBack,
    routes: Sequence[Exemplar],
    model: str,
    keep_share: float,
) -> Calibration:
    """What the held-back examples say; the labels of `held` are those of `head`."""
    items = [routes[place] for place in held.order]
    logs = held.voices.mixed(head.mix)
    chances = head.chances(held.voices)
    shares = specialist_shares(head, chances)
    names, table = list(shares), np.stack(list(shares.values()), axis=1)
    inside = np.array([item.kind == "intent" for item in items])
    outside = np.array([item.kind == "out_of_scope" for item in items])
    parts = scope_parts(head, logs, held.voices.scores, held.nearest, held.typical)
    scale = fit_scale(parts.pick(inside))
    scores = scale.score(parts)
    right = np.array(
        [
            names[int(row.argmax())] == item.specialist
            for row, item in zip(table, items, strict=True)
        ]
    )
    wishes = np.array([item.kind == "human_wish" for item in items])
    wish = kind_share(head, chances, "human_wish")
    tags = np.array([item.language for item in items])
    return Calibration(
        model=model,
        examples=len(routes),
        keep_share=keep_share,
        scope_cut=calibration.cut_to_keep(scores[inside], keep_share),
        scope_cuts=_by_language(tags[inside], scores[inside], keep_share),
        scope=scale,
        mix=head.mix,
        accuracy=round(float(right[inside].mean()), 4),
        accuracies={
            str(tag): round(float(right[inside & (tags == tag)].mean()), 4)
            for tag in np.unique(tags[inside])
        },
        error=round(calibration.expected_error(table[inside], right[inside]), 4),
        scope_auroc=round(calibration.auroc(scores[inside], scores[outside]), 4)
        if outside.any()
        else 0.0,
        wish_cut=_wish_cut(wish[wishes], wish[~wishes]),
        sure_score=_sure_score(table[inside].max(axis=1), right[inside]),
    )


def _by_language(tags: np.ndarray, scores: Matrix, keep_share: float) -> dict[str, float]:
    """The cut of each language that has examples enough to have one."""
    return {
        str(tag): calibration.cut_to_keep(scores[tags == tag], keep_share)
        for tag in np.unique(tags)
        if int((tags == tag).sum()) >= _ENOUGH
    }


def _sure_score(stated: Matrix, right: np.ndarray) -> float:
    """The certainty from which on enough of the held-back examples were right."""
    for score in np.arange(0.4, 0.95, 0.05):
        above = stated >= score
        if above.any() and float(right[above].mean()) >= _SURE_SHARE:
            return round(float(score), 2)
    return 0.95


def _wish_cut(wishes: Matrix, others: Matrix) -> float:
    """Between the wishes and the rest; a little below it the turn offers a human."""
    if not len(wishes):
        return 1.1
    low, high = float(np.quantile(wishes, 0.05)), float(np.quantile(others, 0.99))
    return float(np.clip((low + high) / 2, 0.45, 0.7))
