"""A forecast and its error, as `GET /stats/forecast` shows them.

Above: `asking`, `model`. Below: pydantic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.messages import Frozen

Method = Literal["model", "seasonal_naive"]
Measure = Literal["messages", "conversations", "cases"]


class History(Frozen):
    """How many there were in each hour, one after another, from `start` on."""

    start: datetime
    counts: tuple[int, ...]
    hours: int


class Expected(Frozen):
    """One hour to come; nine of ten are from `low` to `high`, if the future is like the past."""

    at: datetime
    expected: float
    low: float
    high: float


class Errors(Frozen):
    """How far forecasts were off that would have been made in the past, each without knowing what
    came then.

    `naive` is the forecast that everything is as a week before. `mae` is in things per hour; `mase`
    is that in the unit of how far one week is from the next. `coverage` is the share of hours that
    were within the interval.
    """

    folds: int
    horizon_hours: int
    mae: float
    mase: float | None
    naive_mae: float
    naive_mase: float | None
    coverage: float


class Refusal(Frozen):
    """Why there is no forecast."""

    code: Literal["too_short", "too_little"]
    reason: str


class Forecast(Frozen):
    """Either `hours` and `errors`, or `refused`. `better_than_naive` says whether the model earned
    its place; if not, `method` is the naive one."""

    method: Method | None = None
    better_than_naive: bool | None = None
    history_days: float
    hours: tuple[Expected, ...] = ()
    errors: Errors | None = None
    refused: Refusal | None = None
