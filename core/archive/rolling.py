"""Counts hours in advance, and adds hours to days and days to months; for `GET /stats`.

Above: the role archive. Below: `rollup`, `rollup_tables`. Whatever is marked stale and is over is
counted again, whole: so it may be done twice, by several processes, and after any crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.periods import DAY, HOUR, MONTH, above, end_of, hour_name, start_of
from core.archive.rollup import SUMS, count_stretch, merge_hours
from core.archive.rollup_tables import rolled_figures, rolled_hours, stale_periods
from core.archive.staleness import mark
from core.observing import STALE_PERIODS
from core.runtime import keep_looking

_log = structlog.get_logger("rolling")
_LOOK_SECONDS = 20.0
# In one transaction: others may write in between.
_MOST_AT_ONCE = 24
_COLUMNS = ("measure", "a", "b", *SUMS)


class Roller:
    """Service: any number may run."""

    name = "roller"

    def __init__(self, database: Database, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._database = database
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        await keep_looking(
            stop, self._look_seconds, lambda: self.roll(stop=stop),
            lambda error: _log.warning("not_rolled", error=error),
        )  # fmt: skip

    async def roll(self, now: datetime | None = None, *, stop: asyncio.Event | None = None) -> int:
        """Count whatever is stale and over; returns how many periods were."""
        now, done = now or datetime.now(UTC), 0
        for length in (HOUR, DAY, MONTH):
            while not (stop is not None and stop.is_set()):
                periods = await self._due(length, now)
                if not periods:
                    break
                async with self._database.write() as connection:
                    await (_roll_hours if length == HOUR else _roll_up)(connection, periods)
                done += len(periods)
        async with self._database.read() as connection:
            left = select(func.count()).select_from(stale_periods)
            STALE_PERIODS.set((await connection.execute(left)).scalar_one())
        return done

    async def _due(self, length: int, now: datetime) -> list[str]:
        """Stale, over, and with nothing stale in it; the newest first, which are asked for most."""
        own, within = stale_periods.c.period, stale_periods.alias("within").c.period
        query = (
            select(own)
            .where(func.length(own) == length, own < hour_name(now)[:length])
            .order_by(own.desc())
            .limit(_MOST_AT_ONCE)
        )
        if length < HOUR:
            mark_of = " " if length == DAY else "-"
            parts = (within > own + mark_of, within < own + mark_of + "~")
            query = query.where(~exists().where(*parts).correlate(stale_periods))
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())


async def _take(connection: AsyncConnection, periods: Sequence[str]) -> None:
    """Unmark first: whoever is just writing into one of these is waited for, and what they wrote
    is counted; whoever comes later marks it anew."""
    for period in sorted(periods):
        await connection.execute(delete(stale_periods).where(stale_periods.c.period == period))
    await mark(connection, {found for period in periods if (found := above(period))})
    old = rolled_figures.c.period.in_(periods)
    await connection.execute(delete(rolled_figures).where(old))


async def _roll_hours(connection: AsyncConnection, periods: Sequence[str]) -> None:
    await _take(connection, periods)
    await connection.execute(delete(rolled_hours).where(rolled_hours.c.hour.in_(periods)))
    for first, last in _runs(periods):
        rows = await count_stretch(connection, start_of(first), end_of(last))
        hours: dict[str, dict[str, int]] = {}
        merge_hours(hours, rows)
        await _put(connection, rolled_figures, [_figure(row[0], row[1:]) for row in rows])
        await _put(connection, rolled_hours, [{"hour": name} | row for name, row in hours.items()])


async def _roll_up(connection: AsyncConnection, periods: Sequence[str]) -> None:
    """A day from its hours, a month from its days."""
    await _take(connection, periods)
    own = rolled_figures.c
    for period in periods:
        parts = period + (" " if len(period) == DAY else "-")
        length = HOUR if len(period) == DAY else DAY
        query = (
            select(own.measure, own.a, own.b, *(func.sum(own[name]) for name in SUMS))
            .where(own.period > parts, own.period < parts + "~", func.length(own.period) == length)
            .group_by(own.measure, own.a, own.b)
        )
        rows = (await connection.execute(query)).all()
        await _put(connection, rolled_figures, [_figure(period, row) for row in rows])


def _figure(period: str, row: Sequence[Any]) -> dict[str, Any]:
    return {"period": period} | dict(zip(_COLUMNS, row, strict=True))


async def _put(connection: AsyncConnection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(insert(table), rows)


def _runs(periods: Sequence[str]) -> list[tuple[str, str]]:
    """Hours that follow one another, as first and last."""
    found: list[tuple[str, str]] = []
    for period in sorted(periods):
        if found and end_of(found[-1][1]) == start_of(period):
            found[-1] = (found[-1][0], period)
        else:
            found.append((period, period))
    return found
