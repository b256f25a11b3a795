"""Order numbers, addresses, sums and reasons in what people write. Pure.

Above: `dialogue`. Below: `cues`.
"""

from __future__ import annotations

import re
from decimal import Decimal

from core.engine.flows.cues import (
    ADDRESS_LEAD,
    ALL_OF_IT,
    CURRENCY,
    NO_REASON,
    NUMBER_LEAD,
    REASON_LEAD,
    fold,
    fold_keeping,
)

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Letters and digits: A-1042, FH40128837; capitals may stand apart: FH 4012 8837.
_LETTERED = re.compile(
    r"(?<![\w@-])([A-Za-z]{1,6}[-_]?\d[\d-]{1,19}|[A-Z]{1,4} \d{2,10}(?: \d{2,4})*)(?![\w@])"
)
_HASHED = re.compile(r"[#№]\s?([A-Za-z]{0,6}[-_]?\d[\d-]{1,19})(?!\w)")
_BARE = re.compile(r"(?<![\w@-])(\d{2,4}(?: \d{2,4}){1,4}|\d[\d-]{3,19})(?![\w@-])")
_ALONE = re.compile(r"\D{0,30}?(\d{2,20})\D{0,20}")
_NEGATED = re.compile(
    r"\b(?:not|instead of|ne|ne vsak|не|а не|nicht|statt|no|en vez de|misto)\s+#?$"
)
_MONEY = re.compile(
    rf"(?:{CURRENCY}\s?)?(?<![\w.,-])(\d{{1,6}}(?:[ \u00a0.,]\d{{3}})*(?:[.,]\d{{1,2}})?)(?![\w-])"
    rf"\s?(?:{CURRENCY})?",
    re.IGNORECASE,
)
_HAS_CURRENCY = re.compile(CURRENCY, re.IGNORECASE)
_DATE = re.compile(
    r"\b\d{1,2}\. ?\d{1,2}\.(?: ?\d{2,4})?|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b"
)
_PHONE = re.compile(r"\+\d[\d ()-]{7,}\d")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LEAST_DIGITS = 3
_SHORTEST, _LONGEST = 8, 300
_LONGEST_REASON = 400


def read_email(text: str) -> str | None:
    """The first e-mail address."""
    found = _EMAIL.search(text)
    return found[0].rstrip(".") if found else None


def read_number(text: str, *, asked: bool = False) -> str | None:
    """The order number; the last one, because corrections come last. When none was `asked` for,
    bare digits count only beside a word for an order."""
    bare = _without_others(text)
    for pattern in (_HASHED, _LETTERED):
        if codes := _codes(pattern, bare, least=1 if asked else _LEAST_DIGITS):
            return codes[-1]
    if led := NUMBER_LEAD.findall(fold_keeping(bare)):
        return led[-1].rstrip("-").upper()
    if not asked:
        return None
    if codes := _codes(_BARE, bare, least=_LEAST_DIGITS):
        return codes[-1]
    alone = _ALONE.fullmatch(bare.strip())
    return alone[1] if alone else None


def _codes(pattern: re.Pattern[str], text: str, *, least: int) -> list[str]:
    """What `pattern` finds; "10423, not 10432" is about the first."""
    found = [
        item for item in pattern.finditer(text) if sum(sign.isdigit() for sign in item[1]) >= least
    ]
    meant = [item for item in found if not _NEGATED.search(fold(text[: item.start()]))]
    return [item[1].replace(" ", "").rstrip("-") for item in (meant or found)]


def read_amount(text: str) -> Decimal | None:
    """A sum with its currency."""
    for found in _MONEY.finditer(text):
        if _HAS_CURRENCY.search(found[0]):
            return _decimal(found[1])
    return None


def wants_everything(text: str) -> bool:
    """True if all of the money is meant."""
    return ALL_OF_IT.search(fold(text)) is not None


def read_address(text: str, *, asked: bool = False) -> str | None:
    """A postal address as it was written: after words that lead to one, or the whole text when it
    was asked for. It has a word, a figure, and at least two parts."""
    lead = ADDRESS_LEAD.search(fold_keeping(text))
    if lead is not None:
        candidate = text[lead.end() :]
    elif asked:
        candidate = text
    else:
        return None
    candidate = " ".join(_EMAIL.sub(" ", candidate).split()).strip(' .:;,-–—"“”„«»')
    return candidate if is_address(candidate) else None


def is_address(text: str) -> bool:
    """A sanity check only: a person reads it before a parcel goes there."""
    if not _SHORTEST <= len(text) <= _LONGEST or text.rstrip().endswith("?"):
        return False
    words = _LETTERS.findall(text)
    return bool(words) and any(sign.isdigit() for sign in text) and len(text.split()) >= 3


def read_reason(text: str, *, asked: bool = False) -> str | None:
    """Why, in the customer's words: after "because", or the whole text when it was asked for; an
    empty one when they would rather not say."""
    flat = fold_keeping(text)
    if asked and NO_REASON.search(flat.strip()):
        return ""
    lead = REASON_LEAD.search(flat)
    candidate = text[lead.start() :] if lead else (text if asked else "")
    candidate = " ".join(candidate.split()).strip(" .:;,-–—")
    if not candidate or candidate.endswith("?") or not _LETTERS.search(candidate):
        return None
    return candidate[:_LONGEST_REASON]


def _without_others(text: str) -> str:
    """Without what only looks like an order number: addresses, days, telephones."""
    for pattern in (_EMAIL, _DATE, _PHONE):
        text = pattern.sub(lambda found: " " * len(found[0]), text)
    return _MONEY.sub(
        lambda found: " " * len(found[0]) if _HAS_CURRENCY.search(found[0]) else found[0], text
    )


def _decimal(figures: str) -> Decimal | None:
    """1.258,50 and 1,258.50 are the same sum."""
    bare = re.sub(r"\s", "", figures)
    tail = re.search(r"[.,](\d{1,2})$", bare)
    whole = re.sub(r"[.,]", "", bare[: tail.start()] if tail else bare)
    amount = Decimal(f"{whole}.{tail[1]}" if tail else whole)
    return amount if amount > 0 else None
