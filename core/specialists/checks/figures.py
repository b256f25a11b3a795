"""Figures in a text: their values, and the unit or currency beside them.

Above: `evidence`. Below: `units`, `number_words`, `dates` (whose digits are taken out before).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.specialists.checks.dates import find_dates
from core.specialists.checks.folding import blank, fold
from core.specialists.checks.links import link_spans
from core.specialists.checks.number_words import written_figures
from core.specialists.checks.units import CURRENCIES, unit_beside

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f'’.,]\d{3}(?!\d))*(?:[.,]\d+)?")
_LIST_MARK = re.compile(r"(?m)^[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]+")
_STEP = re.compile(
    r"\b(?:steps?|krok\w*|шаг\w*|schritt\w*|paso\w*|option|moznost|вариант|opcion)\s#?\d{1,2}\b"
)
_COUNTED = re.compile(
    r"\b\d\s(?:steps|ways|options|things|kroky|kroku|zpusoby|moznosti|veci|шага|шагов|способа"
    r"|варианта|schritte|wege|moglichkeiten|pasos|maneras|opciones|formas)\b"
)
_PHONE = re.compile(r"(?<![\w.,])\+?\(?\d{2,4}\)?(?:[ \u00a0()/-]{1,2}\d{2,4}){2,5}(?![\w-])")
_CODE = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*\d[\w-]*\d[\w-]*\d)[A-Z0-9]+(?:[-_]?[A-Z0-9]+)*(?![\w-])")  # fmt: skip  # noqa: E501
_THOUSANDS = re.compile(r"(?:k\b|\s?(?:thousand|tis(?:ic\w*)?\b|тыс\w*|tausend|mil\b))")
# The same time in another unit, as whole factors.
_SAME: dict[str, tuple[str, int]] = {
    "week": ("day", 7), "day": ("hour", 24), "year": ("month", 12), "hour": ("minute", 60)
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as written; `values` are its readings (`1,000` is 1000 here and 1 there)."""

    text: str
    values: frozenset[str]
    unit: str | None

    @property
    def is_money(self) -> bool:
        """True beside a currency."""
        return self.unit in CURRENCIES


def find_figures(text: str) -> list[Figure]:
    """Every figure that is not part of a link, a date or a list mark."""
    folded = fold(text)
    spans = [*link_spans(text), *((day.start, day.end) for day in find_dates(text))]
    spans += [found.span() for found in _LIST_MARK.finditer(text)]
    spans += [found.span() for found in _STEP.finditer(folded)]
    spans += [found.span() for found in _COUNTED.finditer(folded)]
    spans += [found.span() for found in _CODE.finditer(text)]
    text, folded = blank(text, spans), blank(folded, spans)
    phones = [found.span() for found in _PHONE.finditer(text) if _is_phone(found[0])]
    figures = [
        Figure(text[start:end], frozenset({digits_of(text[start:end])}), "phone")
        for start, end in phones
    ]
    text, folded = blank(text, phones), blank(folded, phones)
    figures.extend(
        _figure(text, folded, found.start(), found.end()) for found in _NUMBER.finditer(text)
    )
    for start, end, value, unit in written_figures(folded):
        figures.append(Figure(text[start:end], frozenset({str(value)}), unit))
    return figures


def find_codes(text: str) -> list[str]:
    """Order numbers, tickets and the like: capitals and at least three digits in one word."""
    return [found[0] for found in _CODE.finditer(blank(text, link_spans(text)))]


def readings(number: str) -> frozenset[str]:
    """The values a written number may have."""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", number)
    found = {re.sub(r"[.,]", "", digits)}
    head, _, tail = digits.replace(",", ".").rpartition(".")
    if head:
        found.add(f"{head.replace('.', '')}.{tail}".rstrip("0").rstrip("."))
        if len(tail) != 3:
            found.discard(re.sub(r"[.,]", "", digits))
    return frozenset(reading.lstrip("0") or "0" for reading in found)


def same_elsewhere(value: str, unit: str | None) -> tuple[str, str] | None:
    """Two weeks are fourteen days: the same span of time in the next smaller unit."""
    if unit not in _SAME or not value.isdigit() or len(value) > 6:
        return None
    smaller, factor = _SAME[unit]
    return str(int(value) * factor), smaller


def digits_of(text: str) -> str:
    """Its digits alone."""
    return re.sub(r"\D", "", text)


def _figure(text: str, folded: str, start: int, end: int) -> Figure:
    values = readings(text[start:end])
    after = _THOUSANDS.match(folded, end)
    if after is not None:
        values = frozenset(_times_thousand(value) for value in values)
        end = after.end()
    return Figure(text[start:end], values, unit_beside(folded, start, end))


def _times_thousand(value: str) -> str:
    return f"{float(value) * 1000:f}".rstrip("0").rstrip(".")


def _is_phone(text: str) -> bool:
    return 7 <= len(digits_of(text)) <= 15 and ("+" in text or "(" in text or "-" in text)
