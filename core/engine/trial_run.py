"""Runs a trial on files: `switchboard eval triage`.

Above: `switchboard.evaluation`. Below: `trial`, `labelled`, `vectors`, an embedder.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.engine.labelled import Labelled, read_labelled
from core.engine.space import Matrix
from core.engine.trial import Trial, measure, train_trial
from core.engine.vectors import VectorStore
from core.errors import InputError
from core.ports import Embedder

_TIMED = 300  # messages embedded and judged one by one, for the times

Tell = Callable[[str, int, int], None]


async def run_trial(
    train: Path, test: Path, oos: Path | None, *, embedder: Embedder, folder: Path, tell: Tell
) -> dict[str, Any]:
    """Train on one file, measure on another; `tell` hears stage, done, all.

    `oos_recall_at_5` is the share of the messages of `oos` that fall below a cut which keeps 95 %
    of training messages that were held back; `in_scope_lost` is what the cut costs on the test.
    Times are those of a message on its own, embedding included. Raises `InputError`.
    """
    learned, asked = read_labelled(train), read_labelled(test)
    foreign = read_labelled(oos, categories=False) if oos else []
    many = Counter(row.category for row in learned)
    if len(many) < 2:
        raise InputError(f"{train}: triage needs messages of at least two categories")
    if max(many.values()) < 2:  # some are held back to choose the cut with
        raise InputError(f"{train}: triage needs two messages or more of a category")
    timed = asked[:: max(1, len(asked) // _TIMED)][:_TIMED]
    waits = await _time_embedding(timed, embedder)
    rows = [*learned, *asked, *foreign]
    vectors = await VectorStore(folder, embedder, forget=False).embed(
        [row.text for row in rows], lambda done, all_: tell("embedding", done, all_)
    )
    first, second = len(learned), len(learned) + len(asked)
    trial = await asyncio.to_thread(
        train_trial, learned, vectors[:first], lambda done, all_: tell("training", done, all_)
    )
    figures = await asyncio.to_thread(
        measure,
        trial,
        asked,
        vectors[first:second],
        [row.text for row in foreign],
        vectors[second:],
    )
    places = [asked.index(row) for row in timed]
    times = _add_judging(trial, timed, vectors[first:second][places], waits)
    return {
        **figures,
        "p50_ms": round(float(np.quantile(times, 0.5)), 2),
        "p95_ms": round(float(np.quantile(times, 0.95)), 2),
    }


async def _time_embedding(rows: Sequence[Labelled], embedder: Embedder) -> list[float]:
    """Milliseconds of each message; before anything else, so that nothing is remembered yet."""
    await embedder.embed(["warm up"])
    waits: list[float] = []
    for row in rows:
        began = time.perf_counter()
        await embedder.embed([row.text])
        waits.append((time.perf_counter() - began) * 1000)
    return waits


def _add_judging(
    trial: Trial, rows: Sequence[Labelled], vectors: Matrix, waits: Sequence[float]
) -> list[float]:
    times: list[float] = []
    for row, vector, wait in zip(rows, vectors, waits, strict=True):
        began = time.perf_counter()
        trial.judge(row.text, vector)
        times.append(wait + (time.perf_counter() - began) * 1000)
    return times
