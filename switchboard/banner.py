"""What a person sees when the gateway starts: progress of the first indexing, then where it is.

Above: `serving`. Below: Rich. In a pipe or a log it is plain lines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from config.settings import Settings
from switchboard.data_folder import GatewayNote
from switchboard.wiring import Parts

Report = Callable[[int, int], None]


class _Bar(AbstractContextManager[Report]):
    """A bar in a terminal; one line before and none after where there is none."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task(title, total=None)

    def __enter__(self) -> Report:
        if self._console.is_terminal:
            self._progress.start()
        else:
            self._console.print(f"{self._title} …")
        return self._report

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _report(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


class Welcome:
    """The start, told to a person."""

    def __init__(self, *, alone: bool) -> None:
        self._console = Console(highlight=False)
        self._started = time.monotonic()
        self._alone = alone

    def progress(self, title: str) -> AbstractContextManager[Report]:
        """A progress bar for one piece of work."""
        return _Bar(self._console, title)

    def show(
        self, settings: Settings, roles: Sequence[str], note: GatewayNote, parts: Parts
    ) -> None:
        """Everything is ready: where it is, and with which token."""
        seconds = time.monotonic() - self._started
        if not note.url:
            self._console.print(f"Ready: {', '.join(roles)} (in {seconds:.1f} s)")
            return
        lines = [(title, note.url + path) for title, path in parts.pages]
        made = settings.admin_token is None
        lines.append(("Admin token", note.admin_token if made else "as set"))
        lines.append(("Answers by", _describe_model(settings)))
        lines.append(("Data folder", str(settings.data)))
        text = Text("\n").join(
            Text.assemble((f"{title:<13}", "bold"), value) for title, value in lines
        )
        title = f"Switchboard is ready ({seconds:.1f} s)"
        if self._console.is_terminal:
            self._console.print(Panel(text, title=title, expand=False, border_style="green"))
            self._console.print("Ctrl-C stops it; conversations stay.", style="dim")
        else:
            self._console.print(f"{title}\n{text}", soft_wrap=True)


def _describe_model(settings: Settings) -> str:
    providers = settings.model_settings.providers
    if not providers:
        return "the knowledge base (OPENAI_API_KEY or OPENAI_BASE_URL adds a model)"
    return ", ".join(f"{provider.name} ({provider.model})" for provider in providers)
