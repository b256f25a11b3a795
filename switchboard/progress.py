"""Progress of work in stages, as bars on standard error. Above: `commands`. Below: Rich."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from switchboard.screen import err


@contextmanager
def track_stages(*, quiet: bool) -> Generator[Callable[[str, int, int], None]]:
    """Takes stage, done, all. Nothing is drawn for programs, or when it is no terminal."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    )  # fmt: skip
    stages: dict[str, TaskID] = {}

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in stages:
            stages[stage] = bar.add_task(stage.capitalize(), total=total)
        bar.update(stages[stage], completed=done, total=total)

    with bar:
        yield tell
