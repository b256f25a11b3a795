"""A week in figures and suggestions, and when it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.slack.desk.report import headline, render_report
from core.errors import InputError
from core.learning.autonomy import MEASURED, Change
from core.learning.report import GapLine, WeeklyReport, build_report, last_whole_week, span_of_week
from core.learning.reporter import week_due
from core.learning.settings import ReportSettings
from tests.fakes.slack.schema import check_blocks


def statistics(scale: int = 1, **drafts: Any) -> dict[str, Any]:
    tally = {"n": 4 * scale, "used": 3, "edited": 1, "discarded": 0, "ignored": 0, "share": 0.75}
    return {
        "volumes": {
            "conversations": 10 * scale, "messages": {"customer": 30, "ai": 25}, "cases": 2,
        },
        "resolution": {"confirmed": 5, "assumed": 2, "by_ai": 6, "escalated_share": 0.2},
        "drafts": {**tally, "by_intent": drafts or {"billing.refund": tally}},
        "csat": {"count": 3, "positive_share": 0.6667},
        "cost": 1.5,
        "escalation_reasons": {"request": 1, "legal": 4},
    }  # fmt: skip


def report(**more: Any) -> WeeklyReport:
    change = Change(
        id="au_1", intent="billing.refund", before="draft", after="auto", status="suggested",
        made_by=MEASURED, at=datetime.now(UTC), why="19 of 20 drafts were used as they were",
    )  # fmt: skip
    fields: dict[str, Any] = {
        "gaps": [GapLine(title="<!channel> *bold* & gap", count=3), GapLine(title="once", count=1)],
        "changes": [change, change.model_copy(update={"status": "applied"})],
        "waiting": 2, "corrections": 1, **more,
    }  # fmt: skip
    return build_report("2026-W07", statistics(2), statistics(), **fields)


def test_the_week_is_told_beside_the_one_before() -> None:
    made = report()
    assert (made.figures["conversations"], made.previous["conversations"]) == (20, 10)
    assert made.figures["resolved"] == 7 and made.figures["satisfied_share"] == 0.6667
    assert list(made.reasons) == ["legal", "request"]
    assert (made.since.isoformat(), made.until.day) == ("2026-02-09T00:00:00+00:00", 16)


def test_suggestions_name_what_a_person_can_do() -> None:
    found = [(item.kind, item.id) for item in report().suggestions]
    assert found == [
        ("article", None), ("review", None), ("correction", None), ("autonomy", "au_1"),
    ]  # fmt: skip
    assert report(gaps=[], changes=[], waiting=0, corrections=0).suggestions == ()


def test_the_post_is_fit_for_slack_and_what_customers_asked_is_data_in_it() -> None:
    blocks = render_report(report())
    assert check_blocks(blocks) is None
    text = str(blocks)
    assert "<!channel>" not in text and "&lt;!channel&gt;" in text
    assert "(+100 %)" in text and "billing.refund: 8, used 3" in text
    assert headline(report()).startswith("Week 2026-W07: 20 conversations, 7 resolved")
    quiet = report(gaps=[], changes=[], waiting=0, corrections=0)
    assert check_blocks(render_report(quiet)) is None


@pytest.mark.parametrize(
    ("now", "zone", "week"),
    [
        ("2026-02-16T07:59:00+00:00", "UTC", "2026-W06"),
        ("2026-02-16T08:00:00+00:00", "UTC", "2026-W07"),
        ("2026-02-22T23:00:00+00:00", "UTC", "2026-W07"),
        ("2026-02-16T07:30:00+00:00", "Europe/Prague", "2026-W07"),
        ("2026-01-05T09:00:00+00:00", "UTC", "2026-W01"),
    ],
)
def test_a_report_is_due_at_its_hour(now: str, zone: str, week: str) -> None:
    settings = ReportSettings(time_zone=zone)
    assert week_due(settings, datetime.fromisoformat(now)) == week


def test_other_days_tell_of_the_last_whole_week() -> None:
    wednesday = ReportSettings(weekday="wednesday", hour=10)
    assert week_due(wednesday, datetime(2026, 2, 18, 10, tzinfo=UTC)) == "2026-W07"


@pytest.mark.parametrize("week", ["2026-W54", "2026-7", "now", "2026-W00"])
def test_what_is_no_week_is_refused(week: str) -> None:
    with pytest.raises(InputError):
        span_of_week(week)


def test_the_first_days_of_a_year_may_belong_to_the_last_week_of_the_old_one() -> None:
    assert last_whole_week(datetime(2026, 1, 8, tzinfo=UTC)) == "2026-W01"
    assert last_whole_week(datetime(2025, 12, 31, tzinfo=UTC)) == "2025-W52"


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ReportSettings(time_zone="Mars/Base")
