"""Statistics and forecasts of the archive, as `GET /stats` asks for them.

Above: `doors`. Below: `core.archive.statistics`, `core.forecasting`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from core.archive.database import Database
from core.archive.statistics import read_statistics
from core.forecasting.asking import Forecaster
from core.forecasting.records import Measure
from core.messages import format_time


class StatisticsDoor:
    """`channels.rest.ports.StatisticsDesk` over the archive."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._forecaster = Forecaster(database)

    async def read(self, since: datetime, until: datetime) -> dict[str, Any]:
        """See the port."""
        return await read_statistics(self._database, since, until)

    async def forecast(self, of: str, hours: int) -> dict[str, Any]:
        """See the port."""
        made = await self._forecaster.forecast(cast("Measure", of), hours)
        shape = made.model_dump(mode="json")
        for row, hour in zip(shape["hours"], made.hours, strict=True):
            row["at"] = format_time(hour.at)
        return {"of": of, **shape}
