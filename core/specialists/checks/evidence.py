"""What may be repeated to the customer, with who wrote it: collected as the turn goes.

Above: the bench, the checks. Below: `figures`, `dates`, `links`, `names`, `grounding`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast

from core.specialists.checks.dates import (
    Ymd,
    agrees,
    find_clock,
    find_dates,
    find_relative,
    find_weekdays,
    weekday_of,
)
from core.specialists.checks.excuses import grants
from core.specialists.checks.figures import (
    Figure,
    digits_of,
    find_codes,
    find_figures,
    same_elsewhere,
)
from core.specialists.checks.folding import fold, latin, stem
from core.specialists.checks.grounding import Ground
from core.specialists.checks.links import find_links, knows_link
from core.specialists.checks.names import invented_names
from core.specialists.checks.reading import read_piece
from core.specialists.checks.units import CURRENCIES

# `tool` are our own systems, `outside` the tools of others.
Source = Literal["tool", "outside", "passage", "customer", "assistant", "instructions"]
_BARE = ""
_ANY_TIME = {"soon_day": "day", "soon_hour": "hour", "soon_week": "week"}
_STAMP = re.compile(r"\b(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})\S*")


class Evidence:
    """Everything that may be said again; `invented_…` gives what may not."""

    def __init__(self, texts: Iterable[str] = (), source: Source = "tool") -> None:
        self._figures: dict[str, set[str]] = {"0": {_BARE}}
        self._phones: set[str] = set()
        self._currencies: set[str] = set()
        self._codes: set[str] = set()
        self._links: set[str] = set()
        self._dates: set[Ymd] = set()
        self._weekdays: set[int] = set()
        self._relative: set[str] = set()
        self._clock: set[tuple[int, int]] = set()
        self._words: set[str] = set()
        self._owned: set[str] = {"0"}  # values that not only the customer named
        self.ground = Ground()
        for text in texts:
            self.add(text, source)

    def add(self, text: str, source: Source = "tool") -> None:
        """More that may be repeated. JSON (tool results) is read value by value."""
        for key, piece in pieces_of(text):
            self._add_piece(key, piece)
            if source != "customer":
                self._owned |= values_in(key, piece)
            self.ground.add(f"{key.replace('_', ' ')} {piece}" if key else piece, source)

    def invented_numbers(self, text: str) -> list[str]:
        """Figures in `text` that stand nowhere in the evidence, or not with this unit."""
        wrong = [figure.text for figure in find_figures(text) if not self._knows(figure)]
        return wrong + [code for code in find_codes(text) if not self._knows_code(code)]

    def granted_sums(self, text: str) -> list[str]:
        """Amounts in `text` that the customer gets, and that only the customer has named."""
        if not grants(text):
            return []
        money = [figure for figure in find_figures(text) if figure.is_money]
        return [figure.text for figure in money if not figure.values & self._owned]

    def invented_dates(self, text: str) -> list[str]:
        """Dates, weekdays and times in `text` that stand nowhere in the evidence."""
        wrong = [
            text[day.start : day.end]
            for day in find_dates(text)
            if not any(agrees(said, known) for said in day.readings for known in self._dates)
        ]
        if find_weekdays(text) - self._weekdays:
            wrong.append("weekday")
        wrong += [words for label, words in find_relative(text) if not self._knows_time(label)]
        return wrong + [words for words, time in find_clock(text) if not self._knows_clock(time)]

    def invented_links(self, text: str) -> list[str]:
        """Links, hosts, handles and mail addresses in `text` that stand nowhere in it."""
        return [link for link in find_links(text) if not knows_link(link, self._links)]

    def invented_names(self, text: str, language: str, *, translated: bool = False) -> list[str]:
        """Names in `text` that stand nowhere in the evidence."""
        return invented_names(text, language, self._knows_word, translated=translated)

    def _add_piece(self, key: str, piece: str) -> None:
        if key == "currency":
            self._currencies |= {piece.lower()}
        found = read_piece(key, _STAMP.sub(r"\1 \2", piece))
        for figure in found.figures:
            self._add_figure(figure)
        for day in found.days:
            self._dates |= day.readings
            for year, month, number in day.readings:
                for part in (year, month, number):
                    self._figures.setdefault(str(part), set()).add("date")
                if (weekday := weekday_of((year, month, number))) is not None:
                    self._weekdays.add(weekday)
        self._codes |= found.codes
        self._links |= found.links
        self._weekdays |= found.weekdays
        self._relative |= found.relative
        self._clock |= found.clock
        self._words |= found.words

    def _add_figure(self, figure: Figure) -> None:
        if figure.unit == "phone":
            self._phones |= figure.values
            for group in re.findall(r"\d+", figure.text):
                self._figures.setdefault(group.lstrip("0") or "0", set()).add("phone")
            return
        if figure.is_money and figure.unit:
            self._currencies.add(figure.unit)
        for value in figure.values:
            self._figures.setdefault(value, set()).add(figure.unit or _BARE)
            span = same_elsewhere(value, figure.unit)
            while span is not None:
                self._figures.setdefault(span[0], set()).add(span[1])
                span = same_elsewhere(*span)

    def _knows(self, figure: Figure) -> bool:
        if figure.unit == "phone":
            (digits,) = figure.values
            return any(digits in digits_of(known) for known in self._phones) or (
                not self._phones and all(
                    (group.lstrip("0") or "0") in self._figures
                    for group in re.findall(r"\d+", figure.text)
                )
            )  # fmt: skip
        units: set[str] = set()
        for value in figure.values:
            units |= self._figures.get(value, set())
        if not units:
            return self._same_in_larger(figure)
        if figure.unit is None or figure.unit in units:
            return True
        bare = _BARE in units
        if figure.is_money and self._currencies & CURRENCIES:
            return bare and figure.unit in self._currencies
        return bare or self._same_in_larger(figure)

    def _same_in_larger(self, figure: Figure) -> bool:
        """Fourteen days stand in the evidence, two weeks in the answer."""
        for value in figure.values:
            span = same_elsewhere(value, figure.unit)
            if span and span[1] in self._figures.get(span[0], set()):
                return True
        return False

    def _knows_code(self, code: str) -> bool:
        folded = fold(code)
        digits = digits_of(code).lstrip("0")
        known = folded in self._codes or any(folded in one for one in self._codes)
        return known or (folded.isdigit() and digits in self._figures) or folded in self._words

    def _knows_time(self, label: str) -> bool:
        if label in self._relative:
            return True
        unit = _ANY_TIME.get(label)
        return unit is not None and any(unit in units for units in self._figures.values())

    def _knows_clock(self, time: tuple[int, int]) -> bool:
        hour, minute = time
        if time in self._clock or ((hour + 12, minute) in self._clock and hour < 12):
            return True
        return minute == 0 and bool({str(hour), str(hour % 12 or 12)} & self._figures.keys())

    def _knows_word(self, word: str) -> bool:
        if word in self._words or stem(word) in self._words:
            return True
        if "-" in word:
            return all(self._knows_word(part) for part in word.split("-") if part)
        script = latin(word)
        return (script != word or not word.isascii()) and len(script) > 3 and script[:4] in self._words  # noqa: E501  # fmt: skip


def values_in(key: str, piece: str) -> set[str]:
    """The values of all figures of one piece."""
    return {value for figure in read_piece(key, piece).figures for value in figure.values}


def pieces_of(text: str) -> Iterator[tuple[str, str]]:
    """(key, value) of every string or number in JSON; lines that are none as they stand."""
    data = _json(text)
    if data is not None:
        yield from _leaves("", data)
        return
    plain: list[str] = []
    for line in text.split("\n"):
        if (data := _json(line)) is None:
            plain.append(line)
        else:
            yield from _leaves("", data)
    rest = "\n".join(plain)
    if rest.strip():
        yield "", rest.replace("\\n", "\n") if rest.lstrip().startswith("{") else rest


def _json(text: str) -> Any:
    if not text.strip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_NOT_SAID = frozenset({"n", "score", "milliseconds", "confidence", "query"})


def _leaves(key: str, data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for name, value in cast("dict[str, Any]", data).items():
            if name not in _NOT_SAID:
                yield from _leaves(name, value)
    elif isinstance(data, list):
        for value in cast("list[Any]", data):
            yield from _leaves(key, value)
    elif isinstance(data, str | int | float) and not isinstance(data, bool):
        yield key, str(data)
