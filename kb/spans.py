"""Finds the part of a passage that answers: a few sentences in a row, word for word. Pure.

Above: `kb.search`. Below: `kb.chunker`, `kb.lexical`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from kb.chunker import sentences
from kb.lexical import grams_of

LONGEST = 420
_MOST = 4
_ITEM = re.compile(r"^\s*(?:[-•–]|\d+[.)])\s+")


def best_span(text: str, query: str) -> str:
    """The run of one to four sentences that shares most with the query; a list counts as one.

    A query that shares nothing (it may be in another language) gets the beginning.
    """
    whole = text.strip()
    units = _units(whole)
    if len(units) <= _MOST and len(whole) <= LONGEST:
        return whole
    values = _values(units, query)
    best, chosen = -1.0, (0, 1)
    for start in range(len(units)):
        for end in range(start + 1, min(start + _MOST, len(units)) + 1):
            span = _between(whole, units, start, end)
            if end > start + 1 and len(span) > LONGEST:
                break
            # Of two runs that share the same, the earlier and then the fuller one says more.
            value = sum(values[start:end]) + 0.01 * (end - start) - 0.02 * start
            if value > best:
                best, chosen = value, (start, end)
    return _between(whole, units, *chosen)


def _units(whole: str) -> list[str]:
    """Sentences; the lines of a list together, if they are not too long."""
    units: list[str] = []
    items: list[str] = []
    for line in [*whole.split("\n"), ""]:
        if _ITEM.match(line):
            items.append(line.strip())
            continue
        if items:
            together = "\n".join(items)
            units += [together] if len(together) <= LONGEST and together in whole else items
            items = []
        units += sentences(line)
    return units


def _values(units: Sequence[str], query: str) -> list[float]:
    """How much of the query each unit holds; what few units hold counts more."""
    wanted = _pieces(query)
    held = [wanted & _pieces(unit) for unit in units]
    spread = Counter(gram for grams in held for gram in grams)
    total = max(len(wanted), 1)
    return [sum(1 / spread[gram] for gram in grams) / total for grams in held]


@lru_cache(maxsize=4096)  # the same sentences are looked at for many questions
def _pieces(text: str) -> frozenset[int]:
    return frozenset(grams_of(text).buckets.tolist())


def _between(whole: str, units: Sequence[str], start: int, end: int) -> str:
    """The text from one unit to another as it stands in the whole."""
    at = 0
    for unit in units[:start]:
        at = whole.index(unit, at) + len(unit)
    first = whole.index(units[start], at)
    at = first
    for unit in units[start:end]:
        at = whole.index(unit, at) + len(unit)
    return whole[first:at]
