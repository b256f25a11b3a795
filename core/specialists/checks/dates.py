"""Dates and times in a text, in five languages: written, ISO, numeric, weekdays, relative.

Above: `evidence`, `figures`. Below: `date_words`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from core.specialists.checks.date_words import MONTHS, RELATIVE, WEEKDAYS, WEEKDAYS_SHORT
from core.specialists.checks.folding import fold

# Year, month and day; what is not written is 0.
Ymd = tuple[int, int, int]

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_IN = (
    r"(?:in|until|till|by|since|from|of|before|after|early|mid|late|end of|v|ve|do|od|na|behem"
    r"|konce[mc]?|с|в|до|к|от|на|im|bis|ab|seit|vom|zum|ende|anfang|mitte|en|hasta|desde|de|para"
    r"|a finales de|a principios de)"
)
_NEAR = r"(?:am|bis|ab|vom|zum|den|dne|do|od|ode|k|ke|na|с|до|по|к|от|el|del|al|on|by|until|from)"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"), "ymd"),
    (
        re.compile(
            rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|º|-го|-е)?\.?\s?(?:de\s|of\s)?\s?"
            rf"(?P<w>{_MONTH})\b\.?,?(?:\s+(?:de\s+|del\s+)?(?P<y>\d{{4}}))?"
        ),
        "word",
    ),
    (
        re.compile(
            rf"\b(?P<w>{_MONTH})\b\.?\s+(?:the\s)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)"
            r"(?:,?\s+(?P<y>\d{4}))?"
        ),
        "word",
    ),
    (re.compile(rf"\b(?P<w>{_MONTH})\b\.?,?\s+(?:de\s+|del\s+)?(?P<y>\d{{4}})"), "word"),
    (
        re.compile(
            r"(?<![\d.,/])(?P<d>\d{1,2})(?P<s>[./-])\s?(?P<m>\d{1,2})(?P=s)\s?(?P<y>\d{4}|\d{2})"
            r"(?![\d.])"
        ),
        "both",
    ),
    (re.compile(rf"\b{_NEAR}\s+(?P<d>\d{{1,2}})[./]\s?(?P<m>\d{{1,2}})(?:\.|(?![\d%]))"), "both"),
    (re.compile(r"(?<![\d.,])(?P<d>\d{1,2})\.\s(?P<m>\d{1,2})\.(?!\d)"), "both"),
    (re.compile(rf"\b{_IN}\s+(?P<w>{_MONTH})\b"), "word"),
)
_CLOCK = re.compile(r"(?<![\d:])(?P<h>\d{1,2})[:.](?P<m>[0-5]\d)(?=\s?(?:h\b|uhr|hod|hs|am\b|pm\b|a\.m|p\.m|$|[\s,.;)–-]))")  # noqa: E501  # fmt: skip
_WEEKDAY = re.compile(rf"\b({'|'.join(sorted(WEEKDAYS, key=len, reverse=True))})\b")
_SHORT = re.compile(rf"(?<![\w])({'|'.join(sorted(WEEKDAYS_SHORT, key=len, reverse=True))})\b")
_RELATIVE = [(label, re.compile(pattern)) for label, pattern in RELATIVE]


@dataclass(frozen=True, slots=True)
class Day:
    """A date as written; more than one reading when day and month could be either."""

    start: int
    end: int
    readings: frozenset[Ymd]


def find_dates(text: str) -> list[Day]:
    """Dates with at least a month, each piece of text once."""
    folded = fold(text)
    found: list[Day] = []
    for pattern, kind in _PATTERNS:
        for match in pattern.finditer(folded):
            taken = any(day.start < match.end() and match.start() < day.end for day in found)
            if taken or not (days := frozenset(_readings(match.groupdict(), kind, folded, match))):
                continue
            found.append(Day(match.start(), match.end(), days))
    return found


def find_weekdays(text: str) -> set[int]:
    """0 is Monday."""
    return {WEEKDAYS[name] for name in _WEEKDAY.findall(fold(text))}


def weekdays_of_evidence(text: str) -> set[int]:
    """Those named, short forms and the days between two that are joined."""
    folded = fold(text)
    places = [(match.start(), match.end(), WEEKDAYS[match[0]]) for match in _WEEKDAY.finditer(folded)]  # fmt: skip  # noqa: E501
    places += [(m.start(), m.end(), WEEKDAYS_SHORT[m[0]]) for m in _SHORT.finditer(folded)]
    places.sort()
    days = {day for _, _, day in places}
    for (_, end, first), (start, _, last) in itertools.pairwise(places):
        if first < last and _JOINS.fullmatch(folded[end:start]):
            days.update(range(first, last))
    return days


_JOINS = re.compile(r"\.?\s*(?:-|–|—|to|through|until|till|az|do|bis|по|до|a|al|hasta(?: el)?)\s*")


def find_relative(text: str) -> list[tuple[str, str]]:
    """(label, words) of times that are told from today: `tomorrow`, `příští týden`."""
    folded = fold(text)
    return [
        (label, text[match.start() : match.end()])
        for label, pattern in _RELATIVE
        for match in pattern.finditer(folded)
        if label != "tomorrow" or text[match.start() : match.end()] != "Morgen"
    ]


def find_clock(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Times of the day with minutes."""
    return [
        (match[0], (int(match["h"]), int(match["m"])))
        for match in _CLOCK.finditer(fold(text))
        if int(match["h"]) < 25 and (":" in match[0])
    ]


def agrees(said: Ymd, known: Ymd) -> bool:
    """True if all that is said stands in what is known."""
    return all(one in (0, other) for one, other in zip(said, known, strict=True))


def weekday_of(day: Ymd) -> int | None:
    """The weekday of a full date."""
    try:
        return date(*day).weekday()
    except ValueError:
        return None


def _readings(
    parts: dict[str, str | None], kind: str, folded: str, match: re.Match[str]
) -> Iterator[Ymd]:
    year = int(parts.get("y") or 0)
    year += 2000 if 0 < year < 100 else 0
    day = int(parts.get("d") or 0)
    if kind == "word":
        word = str(parts["w"])
        if day == 0 and word in {"may", "mai"} and not parts.get("y") and _is_verb(folded, match):
            return
        if day <= 31:
            yield year, MONTHS[word], day
        return
    month = int(parts["m"] or 0)
    if 1 <= month <= 12 and 1 <= day <= 31:
        yield year, month, day
    if kind == "both" and 1 <= day <= 12 and 1 <= month <= 31:
        yield year, day, month


def _is_verb(folded: str, match: re.Match[str]) -> bool:
    return re.match(r"\s+(?:not\s+)?[a-z]+", folded[match.end() :]) is not None
