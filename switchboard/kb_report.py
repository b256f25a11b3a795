"""How knowledge looks in a terminal. Above: `commands.knowledge`. Below: Rich."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from switchboard.screen import complain, err, out, print_table


@contextmanager
def track(*, quiet: bool) -> Generator[Callable[[int, int], None]]:
    """A progress bar on standard error; none when it is no terminal, or for programs."""
    bar = Progress(
        TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    )  # fmt: skip
    task = bar.add_task("", total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_report(report: dict[str, Any]) -> None:
    """What became of each document."""
    rows = [(word, name) for word in ("added", "changed", "removed") for name in report[word]]
    if rows:
        print_table(("what", "document"), rows)
    counts = [f"{len(report[word])} {word}" for word in ("added", "changed", "removed")]
    err.print(", ".join([*counts, f"{report['unchanged']} unchanged"]))
    for failure in report["failed"]:
        complain("Not read", failure)


def show_passages(found: dict[str, Any]) -> None:
    """The passages, best first, and what the gateway would do with them."""
    for passage in found["passages"]:
        place = passage["title"] + (f" › {passage['heading']}" if passage.get("heading") else "")
        out.print(
            f"[bold]{passage['score']:.2f}[/]  {escape(place)}  [dim]{passage['document']}[/]"
        )
        out.print(f"      {escape(passage['span'])}")
    means = {"sure": "answers with the first", "unsure": "asks back", "none": "declines"}
    verdict = str(found.get("verdict", ""))
    if verdict in means:
        err.print(f"[dim]The gateway {means[verdict]}.[/]")
