"""Bars and columns in a terminal, out of block characters. Above: `stats_screen`. Below: Rich.

What is drawn fits any width and needs no colour to be read; names are text, never markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 6
_LEAST_BAR = 10


def bars(counts: Mapping[str, float], *, width: int, most: int = 12, unit: str = "") -> Table:
    """One bar for each name, the longest as wide as there is room."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=28)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    shown = dict(list(counts.items())[:most])
    top = max(shown.values(), default=0)
    if rest := sum(list(counts.values())[most:]):
        shown["…"] = rest
    room = max(_LEAST_BAR, width - 45)
    for name, value in shown.items():
        drawn = Text(bar(min(value, top), top, room), style="cyan")
        table.add_row(Text(name), drawn, f"{value:,g}{unit}")
    return table


def bar(value: float, top: float, room: int) -> str:
    """As long a part of the room as the value is of the top; something if it is not 0."""
    if top <= 0 or value <= 0:
        return ""
    eighths = max(1, round(value / top * room * 8))
    # The last block is filled from the left, in eighths of its width.
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def columns(
    known: Sequence[float], ahead: Sequence[float] = (), *, width: int, height: int = _HEIGHT
) -> tuple[Text, int]:
    """Columns side by side, those ahead in another colour behind a line; and how many values each
    column stands for, if they do not all fit."""
    room = max(20, width - 8)
    each = max(1, -(-(len(known) + len(ahead)) // (room - 1)))
    left, right = _grouped(known, each), _grouped(ahead, each)
    top = max([*left, *right], default=0) or 1
    drawn = Text()
    for row in range(height, 0, -1):
        mark = f"{top:>6,.0f} " if row == height else " " * 5 + ("0 " if row == 1 else "  ")
        drawn.append(mark, style="dim")
        drawn.append("".join(_cell(value, top, row, height) for value in left), style="cyan")
        if right:
            drawn.append("┊", style="dim")
            drawn.append("".join(_cell(value, top, row, height) for value in right), style="yellow")
        drawn.append("\n")
    return drawn, each


def _grouped(values: Sequence[float], each: int) -> list[float]:
    """The mean of so many at a time, so that a short last group is no trough."""
    groups = [values[start : start + each] for start in range(0, len(values), each)]
    return [sum(group) / len(group) for group in groups]


def _cell(value: float, top: float, row: int, height: int) -> str:
    eighths = round(value / top * height * 8)
    if value > 0:
        eighths = max(1, eighths)
    return _EIGHTHS[min(8, max(0, eighths - (row - 1) * 8))]
