"""What commands print: tables and panels for people, JSON for programs.

Above: `commands.*`. Below: Rich. Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(data: Any) -> None:
    """Plain JSON, indented in a terminal only."""
    text = json.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write(text + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, console: Console | None = None
) -> None:
    """A table; what is in it is text, never markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    (console or Console(highlight=False)).print(table)


def say(text: str) -> None:
    """A line for people."""
    err.print(escape(text))


def complain(title: str, text: str) -> None:
    """What went wrong, and the mend that is in the text."""
    err.print(f"[bold red]{escape(title)}[/]")
    for line in text.splitlines():
        err.print(f"  {escape(line)}")
