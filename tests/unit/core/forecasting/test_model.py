"""Forecasts: nearer than last week where there is a pattern, honest where there is none."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.forecasting.records import Forecast, History

# Loading scikit-learn takes seconds on a busy machine.
pytestmark = pytest.mark.slow

START = datetime(2026, 1, 5, tzinfo=UTC)


def forecast(history: History) -> Forecast:
    from core.forecasting.model import forecast as make

    return make(history)


def usual(hour: int) -> float:
    """A desk that is busy by day, and half as busy at weekends."""
    at = START + timedelta(hours=hour)
    day = 0.2 + max(0.0, math.sin((at.hour - 6) / 24 * 2 * math.pi))
    return 20 * day * (0.4 if at.weekday() >= 5 else 1.0)


def by_chance(days: int, ahead: int = 48) -> History:
    chance = np.random.default_rng(1)
    counts = tuple(int(chance.poisson(usual(hour))) for hour in range(days * 24))
    return History(start=START, counts=counts, hours=ahead)


@pytest.mark.parametrize("days", [15, 28, 56])
def test_where_days_and_weeks_repeat_it_is_nearer_than_the_week_before(days: int) -> None:
    found = forecast(by_chance(days))
    assert found.errors is not None and found.refused is None
    assert (found.method, found.better_than_naive) == ("model", True)
    assert found.errors.mae <= found.errors.naive_mae
    assert (found.errors.mase or 0) <= (found.errors.naive_mase or 0)
    assert 0.8 <= found.errors.coverage <= 1.0


def test_what_is_expected_is_near_what_will_be_and_mostly_within_the_interval() -> None:
    found = forecast(by_chance(56, ahead=168))
    chance = np.random.default_rng(99)
    assert found.hours[0].at == START + timedelta(days=56)
    truth = [usual(56 * 24 + hour) for hour in range(168)]
    off = np.mean(
        [abs(hour.expected - real) for hour, real in zip(found.hours, truth, strict=True)]
    )
    assert off < 2.0, off
    came = [int(chance.poisson(real)) for real in truth]
    within = [hour.low <= n <= hour.high for hour, n in zip(found.hours, came, strict=True)]
    assert 0.8 <= np.mean(within) <= 1.0
    assert all(0 <= hour.low <= hour.expected <= hour.high for hour in found.hours)


def test_where_every_week_is_the_same_last_week_is_told_and_said_to_be() -> None:
    history = by_chance(7)
    same = history.model_copy(update={"counts": history.counts * 4, "hours": 24})
    found = forecast(same)
    assert (found.method, found.better_than_naive) == ("seasonal_naive", False)
    assert found.errors is not None and found.errors.mae == found.errors.naive_mae == 0
    assert [hour.expected for hour in found.hours] == [float(n) for n in history.counts[:24]]


def test_a_forecast_made_at_any_hour_goes_on_at_the_next() -> None:
    history = by_chance(30)
    cut = history.model_copy(update={"start": START + timedelta(hours=5),
                                     "counts": history.counts[5:-7], "hours": 30})  # fmt: skip
    found = forecast(cut)
    assert found.hours[0].at == START + timedelta(days=30, hours=-7)
    peak = max(found.hours, key=lambda hour: hour.expected)
    assert 9 <= peak.at.hour <= 15
