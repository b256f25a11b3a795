"""The forecast itself: counts by hour of the week, with a trend, against "as a week before".

Above: `__main__`, which runs in a process of its own. Below: scikit-learn, numpy; loading them
takes seconds and a hundred megabytes, which a gateway must not pay. Pure.

Counts are never negative and vary with their size: so a Poisson regression, and intervals that grow
with the root of what is expected, as wide as the errors of past forecasts say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import PoissonRegressor  # pyright: ignore[reportUnknownVariableType]
from threadpoolctl import threadpool_limits

from core.forecasting.records import Errors, Expected, Forecast, History
from core.forecasting.refusing import DAY, WEEK

_MOST_FOLDS = 7
_HALF_LIFE = 3 * WEEK
_INTERVAL = 0.9
Numbers = NDArray[np.float64]


def forecast(history: History) -> Forecast:
    """What is to come in the next hours, from a history that `refusing` lets pass. In one thread:
    the sums are small, and threads that wait for each other on a busy machine take far longer."""
    with threadpool_limits(limits=1):
        return _forecast(history)


def _forecast(history: History) -> Forecast:
    counts = np.asarray(history.counts, dtype=np.float64)
    days = round(len(counts) / DAY, 1)
    origins = _origins(len(counts))
    truth = np.array([counts[at : at + DAY] for at in origins])
    modelled = np.array([_predict(counts[:at], history.start, DAY) for at in origins])
    naive = np.array([_as_last_week(counts[:at], DAY) for at in origins])
    better = bool(np.abs(truth - modelled).mean() < np.abs(truth - naive).mean())
    chosen = modelled if better else naive
    predict = _predict(counts, history.start, history.hours) if better else None
    expected = _as_last_week(counts, history.hours) if predict is None else predict
    first = history.start + timedelta(hours=len(counts))
    return Forecast(
        method="model" if better else "seasonal_naive",
        better_than_naive=better,
        history_days=days,
        hours=_hours(first, expected, _width(truth, chosen)),
        errors=_errors(counts, truth, modelled if better else naive, naive),
    )


def _origins(length: int) -> list[int]:
    """Where forecasts of a day would have begun, the newest last; a week is known by then."""
    folds = min(_MOST_FOLDS, (length - WEEK) // DAY)
    return [length - DAY * (folds - number) for number in range(folds)]


def _as_last_week(counts: Numbers, hours: int) -> Numbers:
    return np.resize(counts[-WEEK:], hours)


def _predict(counts: Numbers, start: datetime, hours: int) -> Numbers:
    """A Poisson regression on the hour of the week, the hour of the day and time, in which new
    weeks count more than old ones; then brought to the level of the last week."""
    places = np.arange(len(counts) + hours)
    features = _features(places + start.weekday() * DAY + start.hour, places / len(counts))
    known, ahead = features[: len(counts)], features[len(counts) :]
    weights = 0.5 ** ((len(counts) - places[: len(counts)]) / _HALF_LIFE)
    model: Any = PoissonRegressor(alpha=_strength(counts), max_iter=300)
    model.fit(known, counts, sample_weight=weights)
    found = np.asarray(model.predict(ahead), dtype=np.float64)
    fitted = float(np.asarray(model.predict(known[-WEEK:])).sum())
    level = counts[-WEEK:].sum() / fitted if fitted > 0 else 1.0
    return found * float(np.clip(level, 0.5, 2.0))


def _strength(counts: Numbers) -> float:
    """The less there is to learn from, the less may be learned of single hours of the week."""
    return 0.01 / (1.0 + float(counts.mean()))


def _features(hours: NDArray[Any], time: Numbers) -> Numbers:
    of_week, of_day, of_days = np.eye(WEEK), np.eye(DAY), np.eye(7)
    return np.hstack(
        [
            of_week[hours % WEEK],
            2 * of_day[hours % DAY],
            2 * of_days[(hours // DAY) % 7],
            np.minimum(time, 1.0)[:, None],  # no trend goes on beyond what is known
        ]
    )


def _scaled(truth: Numbers, found: Numbers) -> Numbers:
    return np.abs(truth - found) / np.sqrt(found + 1)


def _width(truth: Numbers, found: Numbers) -> float:
    return float(np.quantile(_scaled(truth, found), _INTERVAL))


def _hours(first: datetime, expected: Numbers, width: float) -> tuple[Expected, ...]:
    half = width * np.sqrt(expected + 1)
    return tuple(
        Expected(
            at=first + timedelta(hours=number), expected=round(float(value), 2),
            low=round(max(0.0, float(value - half[number])), 2),
            high=round(float(value + half[number]), 2),
        )
        for number, value in enumerate(expected)
    )  # fmt: skip


def _errors(counts: Numbers, truth: Numbers, found: Numbers, naive: Numbers) -> Errors:
    unit = float(np.abs(counts[WEEK:] - counts[:-WEEK]).mean())
    mae, naive_mae = float(np.abs(truth - found).mean()), float(np.abs(truth - naive).mean())
    return Errors(
        folds=len(truth), horizon_hours=DAY, mae=round(mae, 3), naive_mae=round(naive_mae, 3),
        mase=round(mae / unit, 3) if unit else None,
        naive_mase=round(naive_mae / unit, 3) if unit else None,
        coverage=round(_coverage(truth, found), 3),
    )  # fmt: skip


def _coverage(truth: Numbers, found: Numbers) -> float:
    """Of each past day the interval is made from the other days, so that it did not know it."""
    within: list[Numbers] = []
    for number in range(len(truth)):
        others = np.arange(len(truth)) != number
        width = _width(truth[others], found[others]) if others.any() else _width(truth, found)
        within.append((_scaled(truth[number], found[number]) <= width).astype(np.float64))
    return float(np.mean(within))
