"""Makes the report of each week when its hour has come; once, whoever else does so.

Above: the role worker. Below: `report`, `core.archive.reports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import structlog

from core.archive.reports import SqlReports
from core.learning.report import WeeklyReport, name_of_week
from core.learning.settings import ReportSettings, Weekday
from core.runtime import keep_looking

MakeReport = Callable[[str], Awaitable[WeeklyReport]]
_log = structlog.get_logger("reports")
_LOOK_SECONDS = 60.0
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def week_due(settings: ReportSettings, now: datetime) -> str:
    """The whole week that the last reached report hour tells of."""
    here = now.astimezone(ZoneInfo(settings.time_zone))
    back = (here.weekday() - _WEEKDAYS.index(settings.weekday)) % 7
    due = (here - timedelta(days=back)).replace(
        hour=settings.hour, minute=0, second=0, microsecond=0
    )
    if due > here:
        due -= timedelta(days=7)
    return name_of_week(due - timedelta(days=7))


class ReportMaker:
    """Service: any number may run; the first to keep a week's report has made it."""

    name = "reports"

    def __init__(
        self, settings: ReportSettings, reports: SqlReports, make: MakeReport, *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._reports = reports
        self._make = make
        self._now = now
        self._look_seconds = look_seconds
        self._quiet = ""

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        await keep_looking(
            stop, self._look_seconds, self.look,
            lambda error: _log.warning("report_not_made", error=error),
        )  # fmt: skip

    async def look(self) -> bool:
        """True if a report was made. A week without a conversation has none."""
        week = week_due(self._settings, self._now())
        if week == self._quiet or await self._reports.find(week) is not None:
            return False
        report = await self._make(week)
        if not report.figures["conversations"] and not report.suggestions:
            self._quiet = week  # it is over: nothing more will happen in it
            return False
        kept = await self._reports.keep(report)
        _log.info("report_made", week=week, kept=kept)
        return kept
