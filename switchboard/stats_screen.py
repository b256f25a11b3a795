"""Statistics for a person at a terminal. Above: `commands.stats`. Below: `plots`, Rich."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape

from switchboard.plots import bars, columns
from switchboard.screen import print_table

Shape = dict[str, Any]
_CLOCK_HOURS = 24


def show(stats: Shape, ahead: Shape | None, *, console: Console | None = None) -> None:
    """All of it, the most asked for first."""
    screen = console or Console(highlight=False)
    screen.print(f"[bold]{stats['from'][:16]} – {stats['to'][:16]}[/] UTC")
    _volume(screen, stats, ahead)
    _forecast(screen, ahead)
    for title, counts in (
        ("Intents", stats["intents"]), ("Channels", stats["channels"]),
        ("Languages", stats["languages"]), ("Why people came in", stats["escalation_reasons"]),
        ("What went wrong", stats["errors"]["by_kind"]),
    ):  # fmt: skip
        if counts:
            _title(screen, title)
            screen.print(bars(counts, width=screen.width))
    _resolution(screen, stats)
    _times(screen, stats)
    _specialists(screen, stats)
    _money(screen, stats)


def _title(screen: Console, text: str) -> None:
    screen.print(f"\n[bold]{escape(text)}[/]")


def _volume(screen: Console, stats: Shape, ahead: Shape | None) -> None:
    volumes = stats["volumes"]
    said = volumes["messages"]
    screen.print(
        f"{volumes['conversations']:,} conversations · {said['customer']:,} messages of customers"
        f" · {said['ai']:,} of the AI · {said['human_agent']:,} of people"
        f" · {volumes['cases']:,} cases"
    )
    known = _by_hour(stats["hours"], lambda row: row["customer"])
    expected = [row["expected"] for row in ahead["hours"]] if ahead else []
    if not known:
        screen.print("Nothing happened.")
        return
    _title(screen, "Messages of customers by hour")
    drawn, each = columns(known, expected, width=screen.width)
    screen.print(drawn, end="")
    if each > 1:
        screen.print(f"[dim]each column is the mean of {each} hours[/]")


def _by_hour(rows: Sequence[Shape], value: Callable[[Shape], float]) -> list[float]:
    """From the first hour to the last, with those in which nothing happened."""
    found = {datetime.fromisoformat(row["at"]): value(row) for row in rows}
    if not found:
        return []
    first, last = min(found), max(found)
    length = int((last - first) / timedelta(hours=1)) + 1
    return [found.get(first + timedelta(hours=number), 0) for number in range(length)]


def _forecast(screen: Console, ahead: Shape | None) -> None:
    if ahead is None:
        return
    if ahead["refused"]:
        screen.print(f"[dim]No forecast: {escape(ahead['refused']['reason'])}[/]")
        return
    errors = ahead["errors"]
    total = sum(row["expected"] for row in ahead["hours"])
    which = "a model of days and weeks" if ahead["better_than_naive"] else "as a week before"
    naive = (
        f"; as a week before: {errors['naive_mae']:g}"
        if ahead["better_than_naive"]
        else ", which no model was nearer than"
    )
    screen.print(
        f"[yellow]Next {len(ahead['hours'])} hours: about {total:,.0f}[/] ({which})."
        f" On the last {errors['folds']} days it was off by {errors['mae']:g} an hour{naive}."
    )


def _resolution(screen: Console, stats: Shape) -> None:
    found = stats["resolution"]
    _title(screen, "Resolution")
    names = ("confirmed", "assumed", "open", "by_ai", "by_people")
    counts = {name.replace("_", " "): float(found[name]) for name in names}
    screen.print(bars(counts, width=screen.width))
    screen.print(f"{found['escalated_share']:.1%} of conversations were handed to people")


def _times(screen: Console, stats: Shape) -> None:
    _title(screen, "Times")
    rows = [
        (
            title,
            row["count"],
            *(_seconds(row[f"{name}_seconds"]) for name in ("mean", "p50", "p95")),
        )
        for title, row in (
            ("first reply", stats["first_reply"]),
            ("first reply of a person", stats["first_human_reply"]),
            ("resolution", stats["resolution_time"]),
        )
    ]
    print_table(("", "count", "mean", "half within", "95 % within"), rows, console=screen)


def _specialists(screen: Console, stats: Shape) -> None:
    if not stats["specialists"]:
        return
    _title(screen, "Specialists")
    names = (
        "turns",
        "mean",
        "95 % within",
        "to people",
        "failed",
        "tokens",
        "cost",
        "by hour, UTC",
    )
    rows = [
        (
            row["name"], f"{row['turns']:,}", _seconds(row["mean_seconds"]),
            _seconds(row["p95_seconds"]), f"{row['escalated_share']:.1%}", row["failed"],
            f"{row['tokens']:,}", f"{row['cost']:,.2f}", _clock(row["clock"]),
        )
        for row in stats["specialists"]
    ]  # fmt: skip
    print_table(("specialist", *names), rows, console=screen)


def _clock(rows: Iterable[Shape]) -> str:
    """A day as twenty-four columns, one line high."""
    found = {row["hour"]: row["turns"] for row in rows}
    top = max(found.values(), default=0) or 1
    return "".join(" ▁▂▃▄▅▆▇█"[-(-found.get(hour, 0) * 8 // top)] for hour in range(_CLOCK_HOURS))


def _money(screen: Console, stats: Shape) -> None:
    csat, drafts, errors = stats["csat"], stats["drafts"], stats["errors"]
    _title(screen, "Cost, ratings, drafts, errors")
    screen.print(f"{stats['tokens']:,} tokens · cost {stats['cost']:,.2f}")
    if csat["count"]:
        screen.print(
            f"{csat['count']:,} ratings · {csat['mean']} of 5 · {csat['positive_share']:.1%} good"
        )
    if drafts["n"]:
        screen.print(
            f"{drafts['n']:,} drafts · {drafts['used']:,} used · {drafts['edited']:,} edited"
            f" · {drafts['discarded']:,} discarded"
        )
    screen.print(
        f"{errors['failed']:,} turns failed · {errors['without_model']:,} did without the model"
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
