"""Days, money and lists as they are written in the five languages.

Above: flows, phrases with figures. Below: nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
}
_DAYS = {
    "en": "{day} {month} {year}",
    "cs": "{day}. {month} {year}",
    "ru": "{day} {month} {year} г.",
    "de": "{day}. {month} {year}",
    "es": "{day} de {month} de {year}",
}
# Short forms, which are the same for every number.
_SPANS = {"en": ("min", "h"), "cs": ("min", "h"), "ru": ("мин", "ч"), "de": ("Min.", "Std."),
          "es": ("min", "h")}  # fmt: skip
_AND = {"en": "and", "cs": "a", "ru": "и", "de": "und", "es": "y"}
# Sign for thousands, sign for the fraction. No-break spaces, so that a sum stays on one line.
_SIGNS = {"en": (",", "."), "cs": ("\u00a0", ","), "ru": ("\u00a0", ","), "de": (".", ","),
          "es": (".", ",")}  # fmt: skip
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CZK": "Kč", "RUB": "₽"}
_BEFORE = frozenset({"EUR", "USD", "GBP"})


def write_day(day: date, language: str) -> str:
    """`3 March 2026`, `3. března 2026`; ISO for a language that is not ours."""
    if language not in _MONTHS:
        return day.isoformat()
    month = _MONTHS[language].split()[day.month - 1]
    return _DAYS[language].format(day=day.day, month=month, year=day.year)


def write_span(seconds: float, language: str) -> str:
    """`12 min`, `1 h 30 min`, `5 h`: how long something takes, no finer than people care."""
    minute, hour = _SPANS.get(language, _SPANS["en"])
    minutes = max(1, round(seconds / 60))
    minutes = minutes if minutes <= 10 else 5 * round(minutes / 5)
    if minutes < 60:
        return f"{minutes}\u00a0{minute}"
    hours, rest = divmod(minutes if minutes < 180 else 60 * round(minutes / 60), 60)
    return f"{hours}\u00a0{hour}" + (f" {rest}\u00a0{minute}" if rest else "")


def write_money(amount: Decimal | str, currency: str, language: str) -> str:
    """`€1,258.50`, `1 258,50 €`; what is no sum comes back as it is."""
    try:
        plain = f"{Decimal(amount):,.2f}"
    except InvalidOperation:
        return f"{amount} {currency}"
    thousands, fraction = _SIGNS.get(language, ("", "."))
    figures = plain.translate(str.maketrans({",": thousands, ".": fraction}))
    symbol = _SYMBOLS.get(currency, currency)
    if language == "en" and currency in _BEFORE:
        return f"{symbol}{figures}"
    return f"{figures}\u00a0{symbol}"


def write_size(size: int, language: str) -> str:
    """`850 B`, `1.2 MB`, `1,2 MB`: how big a file is."""
    if size < 1_000:
        return f"{size} B"
    value, unit = (size / 1_000, "kB") if size < 999_500 else (size / 1_000_000, "MB")
    figures = f"{value:.0f}" if value >= 10 or unit == "kB" else f"{value:.1f}"
    return f"{figures.replace('.', _SIGNS.get(language, ('', '.'))[1])}\u00a0{unit}"


def write_list(items: Sequence[str], language: str) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {_AND.get(language, 'and')} {items[-1]}"
