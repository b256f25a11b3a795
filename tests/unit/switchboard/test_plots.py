"""Bars and columns say what the numbers say, in any width."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from switchboard.plots import bar, bars, columns
from switchboard.stats_screen import show

TIMES = {"count": 2, "mean_seconds": 3.0, "p50_seconds": 2.0, "p95_seconds": 7300.0}
STATS: dict[str, Any] = {
    "from": "2026-01-05T00:00:00.000Z", "to": "2026-01-07T00:00:00.000Z",
    "volumes": {
        "conversations": 3, "messages": {"customer": 12, "ai": 9, "human_agent": 1, "system": 0},
        "turns": 9, "cases": 1, "closed": 2, "acts": {},
    },
    "channels": {"web": 2, "[bold]mail": 1}, "languages": {"cs": 3}, "intents": {"refund": 5},
    "resolution": {
        "confirmed": 1, "assumed": 1, "open": 1, "by_people": 1, "by_ai": 1,
        "escalated_share": 0.3333,
    },
    "escalation_reasons": {"complaint": 1}, "first_reply": TIMES, "first_human_reply": TIMES,
    "resolution_time": TIMES | {"count": 0, "mean_seconds": None, "p50_seconds": None,
                                "p95_seconds": None},
    "tokens": 1234, "cost": 0.5, "csat": {"count": 1, "mean": 5.0, "positive_share": 1.0},
    "errors": {"failed": 1, "without_model": 2, "by_kind": {"model_timeout": 2}},
    "drafts": {"n": 2, "used": 1, "edited": 1, "discarded": 0},
    "specialists": [
        {"name": "billing", "turns": 9, "mean_seconds": 1.5, "p50_seconds": 1.2,
         "p95_seconds": 3.0, "escalated": 1, "escalated_share": 0.1111, "failed": 0,
         "tokens": 1234, "cost": 0.5,
         "clock": [{"hour": 9, "turns": 8, "mean_seconds": 1.0},
                   {"hour": 10, "turns": 1, "mean_seconds": 2.0}]}
    ],
    "hours": [
        {"at": "2026-01-05T09:00:00.000Z", "customer": 8},
        {"at": "2026-01-05T12:00:00.000Z", "customer": 4},
    ],
}  # fmt: skip
AHEAD: dict[str, Any] = {
    "better_than_naive": True, "refused": None,
    "hours": [{"at": "2026-01-07T00:00:00.000Z", "expected": 2.0, "low": 0.0, "high": 5.0}] * 3,
    "errors": {"folds": 7, "mae": 2.1, "naive_mae": 3.2},
}  # fmt: skip


def drawn(ahead: dict[str, Any] | None, width: int = 100) -> str:
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    show(STATS, ahead, console=screen)
    return screen.file.getvalue()  # type: ignore[attr-defined]


def test_a_bar_is_as_long_as_its_value() -> None:
    assert bar(10, 10, 8) == "█" * 8
    assert bar(5, 10, 8) == "█" * 4
    assert bar(1, 1000, 8) == "▏"  # what is not nothing is seen
    assert bar(0, 10, 8) == bar(3, 0, 8) == ""


def test_columns_are_as_high_as_their_values_and_what_is_ahead_stands_behind_a_line() -> None:
    text, each = columns([0, 4, 8], [2], width=60, height=2)
    top, bottom = text.plain.splitlines()
    assert each == 1
    assert (top[7:], bottom[7:]) == ("  █┊ ", " ██┊▄")


def test_more_values_than_columns_are_drawn_as_means() -> None:
    text, each = columns([3.0] * 1000, width=60)
    assert each == 20
    assert max(len(line) for line in text.plain.splitlines()) <= 60


def test_what_is_too_much_for_the_screen_is_summed_up() -> None:
    screen = Console(file=io.StringIO(), width=60)
    screen.print(bars({f"intent {number}": 1 for number in range(20)}, width=60, most=12))
    lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 13 and lines[-1].startswith("…") and lines[-1].split()[-1] == "8"


def test_a_person_sees_volume_times_specialists_cost_and_what_is_to_come() -> None:
    text = drawn(AHEAD)
    for said in (
        "3 conversations", "12 messages of customers", "refund", "[bold]mail", "complaint",
        "33.3% of conversations", "2.0 h", "billing", "11.1%", "1,234 tokens", "5.0 of 5",
        "2 drafts", "1 turns failed", "Next 3 hours: about 6", "off by 2.1 an hour",
        "as a week before: 3.2", "model_timeout",
    ):  # fmt: skip
        assert said in " ".join(text.split()), said
    clock = next(line for line in text.splitlines() if line.startswith("billing"))
    assert clock.rstrip().endswith("█▁")


def test_where_no_forecast_is_made_or_none_is_better_it_says_so() -> None:
    refused = AHEAD | {"hours": [], "refused": {"code": "too_short", "reason": "3.0 days"}}
    assert "No forecast: 3.0 days" in drawn(refused)
    worse = " ".join(drawn(AHEAD | {"better_than_naive": False}).split())
    assert "as a week before" in worse and "which no model was nearer than" in worse
    assert "Next" not in drawn(None, width=40)
