"""On which line of a TOML file a field stands, so that an error can say where to look.

Above: `rules`. Below: nothing. Pure. It reads the file's outline only: headers and keys at the
beginning of a line; what it does not find has no line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+?)\s*=")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line (from 1) of the field at `path`, or of the nearest table around it."""
    wanted = tuple(str(part) for part in path)
    best, best_length = None, 0
    for number, place in _outline(text):
        length = len(place)
        if wanted[:length] == place and length > best_length:
            best, best_length = number, length
    return best


def _outline(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Every header and key: its line and its whole name; elements of lists of tables count from
    0."""
    places: list[tuple[int, tuple[str, ...]]] = []
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if (header := _HEADER.match(line)) is not None:
            table = _names(header[2])
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
            places.append((number, table))
        elif (key := _KEY.match(line)) is not None:
            places.append((number, (*table, *_names(key[1]))))
    return places


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
