"""Weekly reports in SQL: made once, posted once.

Above: `core.learning.reporter`, the poster of the desk's channel. Below: `database`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select, update

from core.archive.database import Database
from core.archive.inserting import insert_new
from core.archive.learning_tables import reports
from core.learning.report import WeeklyReport
from core.messages import format_time

# Who has begun to post has so long to end it; then another may look what became of it.
_POSTING = timedelta(minutes=2)
# An old report is no news.
_NEWS = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Posting:
    """A report that is ours to post. `unsure`: somebody began before us, and may have."""

    report: WeeklyReport
    unsure: bool


class SqlReports:
    """The reports, and which of them were posted."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def keep(self, report: WeeklyReport) -> bool:
        """True if this call kept it; False: the week has its report."""
        async with self._database.write() as connection:
            row = {
                "week": report.week, "made_at": self._now(), "body": report.model_dump(mode="json")
            }  # fmt: skip
            return await insert_new(connection, reports, [row]) == 1

    async def find(self, week: str) -> WeeklyReport | None:
        """As it was made."""
        query = select(reports.c.body).where(reports.c.week == week)
        async with self._database.read() as connection:
            body = (await connection.execute(query)).scalar_one_or_none()
        return WeeklyReport.model_validate(body) if body else None

    async def begin(self) -> Posting | None:
        """The newest report that nobody has posted, if it is news; it is ours then for a while."""
        now = self._now()
        free = or_(reports.c.posting.is_(None), reports.c.posting < format_time(now - _POSTING))
        waiting = (reports.c.posted_at.is_(None), reports.c.made_at >= now - _NEWS, free)
        query = select(reports).where(*waiting).order_by(reports.c.week.desc()).limit(1)
        async with self._database.write() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            taken = await connection.execute(
                update(reports)
                .where(reports.c.week == row["week"], *waiting)
                .values(posting=format_time(now))
            )
            if taken.rowcount != 1:
                return None
        report = WeeklyReport.model_validate(row["body"])
        return Posting(report, unsure=row["posting"] is not None)

    async def done(self, week: str, posted_as: str) -> None:
        """It stands in the channel, under this id."""
        await self._set(week, posted_at=self._now(), posted_as=posted_as)

    async def give_back(self, week: str) -> None:
        """It certainly was not posted: anybody may try again."""
        await self._set(week, posting=None)

    async def _set(self, week: str, **fields: datetime | str | None) -> None:
        rule = (reports.c.week == week, reports.c.posted_at.is_(None))
        async with self._database.write() as connection:
            await connection.execute(update(reports).where(*rule).values(**fields))
