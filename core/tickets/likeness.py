"""How alike two tickets are: what may be the same problem, told twice. Above: `merging`. Below:
`core.memory.fold`. Pure.

Words of the subject count most; the figures in both (an order, an article) settle it: the same
number speaks for one problem, two different ones for two.
"""

from __future__ import annotations

import re

from core.memory.fold import fold
from core.tickets.records import Ticket

# From here on a pair is worth a person's look.
LIKELY = 0.45
_WORD = re.compile(r"\w{2,}")
_FIGURE = re.compile(r"[a-z]{0,3}-?\d{3,}")
_GRAM = 4
_MOST = 600


def likeness(one: Ticket, other: Ticket) -> float:
    """0 to 1."""
    subjects = _overlap(_grams(one.subject), _grams(other.subject))
    bodies = _overlap(_grams(_text(one)), _grams(_text(other)))
    figures = _figures(one), _figures(other)
    score = 0.65 * subjects + 0.35 * bodies
    if all(figures):
        score = score + 0.3 if figures[0] & figures[1] else score * 0.4
    return round(min(1.0, max(0.0, score)), 3)


def _text(ticket: Ticket) -> str:
    return f"{ticket.subject}\n{ticket.body}"[:_MOST]


def _grams(text: str) -> frozenset[str]:
    """Pieces of words: endings differ in most of our languages, stems do not."""
    words = _WORD.findall(fold(text))
    return frozenset(
        word[start : start + _GRAM]
        for word in words
        for start in range(max(1, len(word) - _GRAM + 1))
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def _figures(ticket: Ticket) -> frozenset[str]:
    return frozenset(_FIGURE.findall(fold(_text(ticket))))
