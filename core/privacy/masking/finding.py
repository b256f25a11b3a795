"""What in a text is somebody's: mail addresses, numbers of phones, accounts and cards, known names.

Above: `tokens`. Below: `core.memory.values`, which knows how phone numbers are written and spoken
of in five languages. Pure. Checked by their own checksums: IBAN (ISO 7064) and cards (Luhn).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.memory.fold import fold
from core.memory.values import EMAIL, PHONE, is_phone

Mode = Literal["off", "model", "strict"]
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Z0-9])")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.,-])(?:[A-Z]{1,6}-?)?\d{5,16}(?![\w]|[.,]\d)")
_LONGEST_LINE = 2_000
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A value at its place."""

    kind: str
    begin: int
    end: int


@dataclass(frozen=True)
class Known:
    """Names and addresses of the person whose conversation it is."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def find_values(text: str, known: Known, mode: Mode) -> tuple[Found, ...]:
    """In order, without overlaps; what is surer comes first. A turn asks about the same texts again
    and again."""
    if mode == "off" or not text:
        return ()
    taken: list[Found] = []
    for finds in (_emails, _ibans, _cards):
        _take(taken, finds(text))
    _take(taken, _words(text, "ADDRESS", known.addresses))
    _take(taken, _words(text, "NAME", _parts(known.names)))
    _take(taken, _phones(text))
    if mode == "strict":
        _take(taken, (Found("NUMBER", *one.span()) for one in _NUMBER.finditer(text)))
    return tuple(sorted(taken, key=lambda found: found.begin))


def is_iban(text: str) -> bool:
    """Its two check digits are right."""
    bare = re.sub(r"[ -]", "", text)
    if not 15 <= len(bare) <= 34 or not bare[:2].isalpha() or not bare.isalnum():
        return False
    digits = "".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])
    return int(digits) % 97 == 1


def is_card(text: str) -> bool:
    """The sum of Luhn is right, and it begins as cards do."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in {2, 3, 4, 5, 6} or len(set(digits)) == 1:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _emails(text: str) -> Iterator[Found]:
    for one in EMAIL.finditer(text) if "@" in text else ():
        yield Found("EMAIL", *one.span())


def _ibans(text: str) -> Iterator[Found]:
    for one in _IBAN.finditer(text):
        # Words in capitals may follow: the longest beginning that is one.
        for end in range(one.end(), one.start() + 14, -1):
            if text[end - 1].isalnum() and is_iban(text[one.start() : end]):
                yield Found("IBAN", one.start(), end)
                break


def _cards(text: str) -> Iterator[Found]:
    for one in _CARD.finditer(text):
        if is_card(one.group()):
            yield Found("CARD", *one.span())


def _phones(text: str) -> Iterator[Found]:
    place = 0
    for line in text.splitlines(keepends=True):
        short = line[:_LONGEST_LINE]
        folded = ""
        for one in PHONE.finditer(short):
            folded = folded or fold(short)
            if len(folded) != len(short):
                break
            if is_phone(folded, *one.span()) or _is_national(one.group()):
                begin, end = one.span()
                end -= len(one.group()) - len(one.group().rstrip(" (-/"))
                yield Found("PHONE", place + begin, place + end)
        place += len(line)


def _is_national(text: str) -> bool:
    """Begins with the zero of calls within a country, and is as long as those are."""
    return text[:1] == "0" and 9 <= sum(letter.isdigit() for letter in text) <= 13


def _words(text: str, kind: str, values: Sequence[str]) -> Iterator[Found]:
    for value in values:
        for one in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text):
            yield Found(kind, *one.span())


def _parts(names: Sequence[str]) -> list[str]:
    """Whole names before their parts; a part must look like a name."""
    found = dict.fromkeys(name.strip() for name in names if len(name.strip()) >= _SHORTEST_NAME)
    for name in tuple(found):
        for part in name.split():
            if len(part) >= _SHORTEST_NAME and part[0].isupper() and part.isalpha():
                found[part] = None
    return sorted(found, key=len, reverse=True)


def _take(taken: list[Found], found: Iterator[Found]) -> None:
    for one in found:
        if all(one.end <= other.begin or one.begin >= other.end for other in taken):
            taken.append(one)
