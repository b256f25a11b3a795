"""Trained heads on disk, so that the second start trains nothing.

Above: `training`. Below: `trained`, `vectors` (how arrays are written).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from core.engine.classifier import Classifier, Mix
from core.engine.exemplars import Exemplar
from core.engine.features import FeatureSpace
from core.engine.ngrams import Grams
from core.engine.space import Space
from core.engine.trained import Calibration, TrainedTriage
from core.engine.typical import Typical
from core.engine.vectors import read_arrays, write_arrays

_PARTS = ("weights", "joint_weights", "rows", "targets")
_SHAPE = ("inner", "outer", "centres", "middle")
_KEPT = 4  # files of earlier examples, newest first: going back to them is instant

Arrays = dict[str, np.ndarray]


def store_trained(path: Path, trained: TrainedTriage) -> None:
    """Write the file, and clear away what is older than a few."""
    arrays: Arrays = {
        "mean": trained.space.space.mean,
        "grams": trained.space.grams.weights,
        "inside": trained.inside,
    }
    for language, mean in trained.space.space.languages.items():
        arrays[f"mean.{language}"] = mean
    _put_shape(arrays, "ours", trained.typical)
    facts: dict[str, Any] = {"calibration": trained.calibration.model_dump(), "heads": {}}
    for name, head in {"route": trained.route, **trained.moods}.items():
        for part in _PARTS:
            arrays[f"{name}.{part}"] = getattr(head, part)
        _put_shape(arrays, name, head.typical)
        facts["heads"][name] = {
            "labels": head.labels,
            "temperature": head.temperature,
            "mix": head.mix.model_dump(),
        }
    arrays["facts"] = np.array(json.dumps(facts))
    write_arrays(path, arrays)
    files = sorted(path.parent.glob("triage-*.npz"), key=lambda file: file.stat().st_mtime)
    for old in files[:-_KEPT]:
        old.unlink(missing_ok=True)


def load_trained(path: Path, routes: tuple[Exemplar, ...]) -> TrainedTriage | None:
    """What the file holds; None if there is none that can be used."""
    arrays = read_arrays(path)
    if arrays is None:
        return None
    try:
        facts = json.loads(str(arrays["facts"]))
        heads = {name: _head(arrays, name, about) for name, about in facts["heads"].items()}
        languages = {
            name.removeprefix("mean."): mean
            for name, mean in arrays.items()
            if name.startswith("mean.")
        }
        return TrainedTriage(
            space=FeatureSpace(Space(arrays["mean"], languages), Grams(arrays["grams"])),
            route=heads.pop("route"),
            typical=_shape(arrays, "ours"),
            inside=arrays["inside"],
            moods=heads,
            exemplars=routes,
            calibration=Calibration.model_validate(facts["calibration"]),
        )
    except (KeyError, ValueError):
        return None


def read_newest(folder: Path) -> Calibration | None:
    """What the latest training in this folder measured; for who only looks."""
    files = sorted(folder.glob("triage-*.npz"), key=lambda file: file.stat().st_mtime)
    arrays = read_arrays(files[-1]) if files else None
    if arrays is None or "facts" not in arrays:
        return None
    try:
        return Calibration.model_validate(json.loads(str(arrays["facts"]))["calibration"])
    except (KeyError, ValueError):
        return None


def _head(arrays: Arrays, name: str, about: dict[str, Any]) -> Classifier:
    return Classifier(
        labels=tuple(about["labels"]),
        temperature=float(about["temperature"]),
        mix=Mix.model_validate(about["mix"]),
        typical=_shape(arrays, name),
        **{part: arrays[f"{name}.{part}"] for part in _PARTS},
    )


def _put_shape(arrays: Arrays, name: str, typical: Typical) -> None:
    for part in _SHAPE:
        arrays[f"{name}.typical.{part}"] = getattr(typical, part)


def _shape(arrays: Arrays, name: str) -> Typical:
    return Typical(**{part: arrays[f"{name}.typical.{part}"] for part in _SHAPE})
