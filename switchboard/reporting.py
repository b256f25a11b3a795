"""The weekly report as this installation can make it: figures, gaps, what is suggested.

Above: `learning`, commands. Below: `core.learning.report`, the archive, the knowledge base.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from core.archive.autonomy import SqlAutonomy
from core.archive.corrections import SqlCorrections
from core.archive.database import Database
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.reports import SqlReports
from core.archive.statistics import read_statistics
from core.archive.unanswered import read_unanswered
from core.learning.personal import find_personal, mask_personal
from core.learning.report import GapLine, WeeklyReport, build_report, span_of_week
from core.learning.reporter import ReportMaker
from core.runtime import Service

if TYPE_CHECKING:
    from config.settings import Settings
    from kb.open import Knowledge

_MOST_GAPS = 10
_LONGEST_TITLE = 120


def report_services(
    settings: Settings, database: Database, autonomy: SqlAutonomy, knowledge: Knowledge
) -> list[Service]:
    """Who makes the report when its hour has come."""
    if not settings.report.on:
        return []
    make = partial(make_report, database, autonomy, knowledge)
    return [ReportMaker(settings.report, SqlReports(database), make)]


def slack_report_services(settings: Settings, database: Database) -> list[Service]:
    """Who posts it, where Slack is the desk."""
    from channels.slack.api import SlackApi
    from channels.slack.desk.report import ReportPoster

    slack = settings.slack
    if slack.bot_token is None or slack.desk_channel is None or not settings.report.on:
        return []
    api = SlackApi(slack.bot_token, url=slack.api_url)
    return [ReportPoster(api, slack.desk_channel, SqlReports(database))]


async def make_report(
    database: Database, autonomy: SqlAutonomy, knowledge: Knowledge | None, week: str
) -> WeeklyReport:
    """From the archive as it is now."""
    since, until = span_of_week(week)
    statistics = await read_statistics(database, since, until)
    before = await read_statistics(database, since - (until - since), since)
    return build_report(
        week, statistics, before,
        gaps=await _gaps(database, knowledge, since, until),
        changes=await autonomy.changes(),
        waiting=await KnowledgeReviews(database).count_open(),
        corrections=await SqlCorrections(database).count_open(),
    )  # fmt: skip


async def _gaps(
    database: Database, knowledge: Knowledge | None, since: datetime, until: datetime
) -> list[GapLine]:
    """By topic; without knowledge by the words alone. Nobody's data stand in a report."""
    asked = [item for item in await read_unanswered(database, since=since) if item.at < until]
    if knowledge is not None:
        return [
            GapLine(
                title=_masked(gap.title, "en"), count=gap.count, languages=gap.languages,
                example=_masked(gap.examples[0], "en") if gap.examples else "",
            )
            for gap in await knowledge.gaps(asked, limit=_MOST_GAPS)
        ]  # fmt: skip
    counts = Counter((item.text.strip().casefold(), item.language) for item in asked)
    return [
        GapLine(title=_masked(text[:_LONGEST_TITLE], language), count=n, languages={language: n})
        for (text, language), n in counts.most_common(_MOST_GAPS)
    ]


def _masked(text: str, language: str) -> str:
    return mask_personal(text, find_personal(text, language))
