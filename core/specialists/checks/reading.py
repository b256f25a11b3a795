"""What one piece of evidence holds: figures, dates, links, words. Remembered, because instructions
and passages come back turn after turn, and reading them takes longer than the rest of a turn.

Above: `evidence`. Below: `figures`, `dates`, `links`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.specialists.checks.dates import (
    Day,
    find_clock,
    find_dates,
    find_relative,
    weekdays_of_evidence,
)
from core.specialists.checks.figures import Figure, find_codes, find_figures
from core.specialists.checks.folding import fold, latin, stem, words_of
from core.specialists.checks.links import bare_link, find_links

_REMEMBERED = 2048


@dataclass(frozen=True)
class Reading:
    """Everything that may be repeated of one piece."""

    figures: tuple[Figure, ...]
    codes: frozenset[str]
    links: frozenset[str]
    days: tuple[Day, ...]
    weekdays: frozenset[int]
    relative: frozenset[str]
    clock: frozenset[tuple[int, int]]
    words: frozenset[str]


@lru_cache(maxsize=_REMEMBERED)
def read_piece(key: str, piece: str) -> Reading:
    """Read a piece; `key` is the name it stands under in JSON."""
    return Reading(
        figures=tuple(find_figures(piece)),
        codes=frozenset(fold(code) for code in find_codes(piece)),
        links=frozenset(bare_link(link) for link in find_links(piece)),
        days=tuple(find_dates(piece)),
        weekdays=frozenset(weekdays_of_evidence(piece)),
        relative=frozenset(label for label, _ in find_relative(piece)),
        clock=frozenset(time for _, time in find_clock(piece)),
        words=frozenset(
            form
            for word in words_of(f"{key} {piece}")
            for form in (word, stem(word), latin(word)[:4])
        ),
    )
