"""The week in figures and suggestions: one typed value that Slack, the terminal and REST show.

Above: `switchboard.reporting`, `channels.slack.desk.report`. Below: `autonomy`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from core.errors import InputError
from core.learning.autonomy import Change
from core.messages import Frozen, format_time

_WEEK = re.compile(r"(\d{4})-W(\d{2})\Z")
_MOST = 5


class GapLine(Frozen):
    """Something customers asked and the knowledge did not tell."""

    title: str
    count: int
    languages: dict[str, int] = Field(default_factory=dict[str, int])
    example: str = ""


class DraftLine(Frozen):
    """How the drafts of one intent fared."""

    intent: str
    n: int
    used: int
    edited: int
    discarded: int
    ignored: int
    share: float


class Suggestion(Frozen):
    """Something a person may want to do; `id` names the change, if it is one of autonomy."""

    kind: Literal["article", "review", "correction", "autonomy"]
    text: str
    id: str | None = None


class WeeklyReport(Frozen):
    """`week` is ISO (`2026-W07`); `previous` holds the same figures of the week before."""

    week: str
    since: datetime
    until: datetime
    figures: dict[str, float]
    previous: dict[str, float]
    reasons: dict[str, int]
    gaps: tuple[GapLine, ...] = ()
    drafts: tuple[DraftLine, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    def show(self) -> dict[str, Any]:
        """For REST and `--json`."""
        times = {"since": format_time(self.since), "until": format_time(self.until)}
        return {**self.model_dump(mode="json"), **times}


def last_whole_week(now: datetime) -> str:
    """The ISO week before the one that is running, in UTC."""
    return name_of_week(now.astimezone(UTC) - timedelta(days=7))


def name_of_week(day: datetime) -> str:
    """`2026-W07`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def span_of_week(week: str) -> tuple[datetime, datetime]:
    """From Monday, 0:00 UTC, to the next. Raises `InputError` for what is no week."""
    found = _WEEK.match(week)
    try:
        if found is None:
            raise ValueError(week)
        monday = datetime.fromisocalendar(int(found[1]), int(found[2]), 1).replace(tzinfo=UTC)
    except ValueError:
        raise InputError("week: as in 2026-W07") from None
    return monday, monday + timedelta(days=7)


def figures_of(statistics: Mapping[str, Any]) -> dict[str, float]:
    """What of `GET /stats` a week is told in."""
    volumes, resolution = statistics["volumes"], statistics["resolution"]
    drafts: dict[str, Any] = statistics["drafts"]
    csat: dict[str, Any] = statistics["csat"]
    resolved = resolution["confirmed"] + resolution["assumed"]
    found: dict[str, float] = {
        "conversations": volumes["conversations"],
        "messages": volumes["messages"]["customer"],
        "answers": volumes["messages"]["ai"],
        "cases": volumes["cases"],
        "resolved": resolved,
        "resolved_confirmed": resolution["confirmed"],
        "resolved_by_ai": resolution["by_ai"],
        "escalated_share": resolution["escalated_share"],
        "drafts": drafts["n"],
        "drafts_used_share": drafts["share"],
        "cost": statistics["cost"],
    }
    if csat["count"]:
        found["ratings"] = csat["count"]
        found["satisfied_share"] = csat["positive_share"]
    return found


def build_report(
    week: str, statistics: Mapping[str, Any], before: Mapping[str, Any], *,
    gaps: Sequence[GapLine], changes: Sequence[Change], waiting: int, corrections: int = 0,
) -> WeeklyReport:  # fmt: skip
    """`waiting`: proposals for the knowledge base that nobody has decided about; `corrections`:
    wrong routes that nobody has looked at."""
    since, until = span_of_week(week)
    drafts = [
        DraftLine(intent=intent, **tally)
        for intent, tally in statistics["drafts"]["by_intent"].items()
        if tally["n"]
    ]
    drafts.sort(key=lambda line: (-line.n, line.intent))
    reasons = sorted(statistics["escalation_reasons"].items(), key=lambda item: -item[1])
    return WeeklyReport(
        week=week, since=since, until=until,
        figures=figures_of(statistics), previous=figures_of(before),
        reasons=dict(reasons[:_MOST]), gaps=tuple(gaps[:_MOST]), drafts=tuple(drafts[:_MOST]),
        suggestions=tuple(_suggest(gaps, changes, waiting, corrections)),
    )  # fmt: skip


def _suggest(
    gaps: Sequence[GapLine], changes: Sequence[Change], waiting: int, corrections: int
) -> list[Suggestion]:
    found = [
        Suggestion(kind="article", text=f"Write an article: {gap.count} asked “{gap.title}”")
        for gap in gaps[:_MOST]
        if gap.count > 1
    ]
    if waiting:
        things = "answer waits" if waiting == 1 else "answers wait"
        found.append(
            Suggestion(kind="review", text=f"{waiting} {things} to be accepted into the knowledge")
        )
    if corrections:
        routes = "wrong route waits" if corrections == 1 else "wrong routes wait"
        found.append(
            Suggestion(kind="correction", text=f"{corrections} {routes} to be learned from")
        )
    for change in changes:
        if change.status == "suggested":
            who = "the AI answer" if change.after == "auto" else "people answer"
            text = f"Let {who} {change.intent}: {change.why}"
            found.append(Suggestion(kind="autonomy", text=text, id=change.id))
    return found
