"""What `GET /stats/forecast` answers. Above: `desk_routes`. Below: `shapes`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from channels.rest.shapes import Shape, Time


class ExpectedHour(Shape):
    """One hour to come; nine of ten are from `low` to `high`, if the future is like the past."""

    at: str = Time
    expected: float
    low: float
    high: float


class ForecastErrors(Shape):
    """How far forecasts were off that would have been made on the last days, each without knowing
    what came. `naive` is that everything is as a week before; `mase` is the error in the unit of
    how far one week is from the next; `coverage` is the share of hours within their interval."""

    folds: int
    horizon_hours: int
    mae: float
    mase: float | None
    naive_mae: float
    naive_mase: float | None
    coverage: float


class NoForecast(Shape):
    """Why there is no forecast."""

    code: Literal["too_short", "too_little"]
    reason: str


class ForecastShown(Shape):
    """A forecast and its error, or why there is none."""

    of: Literal["messages", "conversations", "cases"]
    method: Literal["model", "seasonal_naive"] | None
    better_than_naive: bool | None = Field(
        description="Whether the model was nearer than last week was; if not, last week is told."
    )
    history_days: float
    hours: list[ExpectedHour]
    errors: ForecastErrors | None
    refused: NoForecast | None
