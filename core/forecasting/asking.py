"""A forecast of what the archive counted, made in a process of its own and kept for the hour.

Above: `GET /stats/forecast`. Below: `core.archive.rollup`, `records`. The process loads what it
needs for seconds, and gives it all back; the gateway neither starts slower nor grows.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from core.archive.database import Database
from core.archive.periods import hour_name, start_of
from core.archive.rollup import read_counted
from core.errors import SwitchboardError
from core.forecasting.records import Forecast, History, Measure
from core.forecasting.refusing import DAY, refuse

_KNOWN = timedelta(days=56)
_DEADLINE_SECONDS = 60.0
_COLUMNS = {"messages": "customer", "conversations": "conversations", "cases": "cases"}


class ForecastFailed(SwitchboardError):
    """The process that makes forecasts did not answer."""

    code = "forecast_failed"


class Forecaster:
    """Forecasts, each made once an hour at most and one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one = asyncio.Lock()
        self._made: dict[tuple[str, int], tuple[str, Forecast]] = {}

    async def forecast(self, of: Measure, hours: int, *, now: datetime | None = None) -> Forecast:
        """What is to come in the next hours. Raises `ForecastFailed`."""
        hour = hour_name(now or datetime.now(UTC))
        async with self._one:
            made_in, made = self._made.get((of, hours), ("", None))
            if made is None or made_in != hour:
                history = await read_history(self._database, of, hours, start_of(hour))
                made = await _ask(history)
                self._made = {(of, hours): (hour, made)}
            return made


async def read_history(database: Database, of: Measure, hours: int, until: datetime) -> History:
    """The hours before this one, from the first in which anything happened."""
    async with database.read() as connection:
        found = (await read_counted(connection, until - _KNOWN, until)).hours
    start = start_of(min(found, default=hour_name(until)))
    length = int((until - start).total_seconds() // 3600)
    names = [hour_name(start + timedelta(hours=number)) for number in range(length)]
    counts = tuple(found[name][_COLUMNS[of]] if name in found else 0 for name in names)
    return History(start=start, counts=counts, hours=hours)


async def _ask(history: History) -> Forecast:
    if (refused := refuse(history)) is not None:
        return Forecast(history_days=round(len(history.counts) / DAY, 1), refused=refused)
    # One thread: the machine has other things to do.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "core.forecasting", env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            out, _ = await child.communicate(history.model_dump_json().encode())
    except TimeoutError:
        raise ForecastFailed("the forecast took too long") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise ForecastFailed(f"the forecast ended with {child.returncode}")
    return Forecast.model_validate_json(out)
