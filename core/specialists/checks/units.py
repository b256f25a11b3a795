"""Units and currencies in five languages, as they stand beside a figure.

Above: `figures`. Below: nothing. Words are folded (`folding.fold`); a `*` stands for any ending.
"""

from __future__ import annotations

import re

CURRENCIES = frozenset({"eur", "usd", "gbp", "czk", "rub", "pln", "chf", "jpy", "huf"})
_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "day": "day days", "hour": "hour hours hr hrs", "minute": "minute minutes mins",
        "second": "second seconds secs", "week": "week weeks", "month": "month months",
        "year": "year years yr yrs", "percent": "percent", "eur": "euro euros",
        "usd": "dollar dollars bucks", "gbp": "pound pounds quid", "czk": "crown crowns koruna*",
        "rub": "ruble* rouble*", "pln": "zloty zlotys", "chf": "franc francs", "jpy": "yen",
    },
    "cs": {
        "day": "den dny dni dnu dnech dnem dnum denni*", "hour": "hodin* hod",
        "minute": "minut*", "second": "sekund* vterin*", "week": "tyden tydn* tydenni*",
        "month": "mesic*", "year": "rok roku roky rocich roce let letech lety letou",
        "percent": "procent*", "eur": "euro eura eur eurech", "usd": "dolar*",
        "gbp": "libra libry liber", "czk": "korun* kc", "rub": "rubl*", "pln": "zlotych zlote",
        "chf": "franku franky",
    },
    "ru": {
        "day": "день дня дней дни дням днях сутки суток дневн*", "hour": "час часа часов часы ч",
        "minute": "минут* мин", "second": "секунд*", "week": "недел*", "month": "месяц* мес",
        "year": "год года году годы лет", "percent": "процент*", "eur": "евро",
        "usd": "доллар*", "gbp": "фунт*", "czk": "крон*", "rub": "рубл* руб", "pln": "злотых",
        "chf": "франк*",
    },
    "de": {
        "day": "tag tage tagen tages werktag* arbeitstag* geschaftstag* kalendertag* tagig*",
        "hour": "stunde stunden std stundig*", "minute": "minute minuten minutig*",
        "second": "sekunde sekunden", "week": "woche wochen wochig*",
        "month": "monat monate monaten monats monatig*", "year": "jahr jahre jahren jahres jahrig*",
        "percent": "prozent", "eur": "euro euros", "usd": "dollar dollars", "gbp": "pfund",
        "czk": "kronen krone", "rub": "rubel", "pln": "zloty", "chf": "franken", "jpy": "yen",
    },
    "es": {
        "day": "dia dias", "hour": "hora horas", "minute": "minuto minutos",
        "second": "segundo segundos", "week": "semana semanas", "month": "mes meses",
        "year": "ano anos", "percent": "ciento porciento", "eur": "euro euros",
        "usd": "dolar dolares", "gbp": "libra libras", "czk": "corona coronas",
        "rub": "rublo rublos", "pln": "zlotys", "chf": "francos", "jpy": "yenes",
    },
}  # fmt: skip
_SIGNS: dict[str, str] = {
    "€": "eur", "$": "usd", "£": "gbp", "₽": "rub", "¥": "jpy", "%": "percent", "eur": "eur",
    "usd": "usd", "us$": "usd", "gbp": "gbp", "czk": "czk", "kc": "czk", "rub": "rub",
    "руб": "rub", "pln": "pln", "zł": "pln", "zl": "pln", "chf": "chf", "jpy": "jpy",
    "huf": "huf", "ft": "huf", "h": "hour", "min": "minute", "kg": "kg", "cm": "cm", "mm": "mm",
    "ml": "ml", "gb": "gb", "mb": "mb", "km": "km",
}  # fmt: skip
# Words that may stand between a figure and its unit.
_BETWEEN = (
    r"(?:(?:business|working|calendar|full|more|pracovni\w*|kalendarni\w*|cele\w*|celych|рабоч\w*"
    r"|календарн\w*|полн\w*|ganze\w*|volle\w*|weitere\w*)\s+)?"
)
_RANGE = r"(?:\s?(?:-|–|—|to|or|and|az|nebo|или|до|bis|oder|hasta|a|o|y)\s?\d+(?:[.,]\d+)?)?"
_SIGN_AFTER = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_AFTER = re.compile(
    rf"{_RANGE}(?:,[-–])?[\s-]*(?:(?P<sign>[€$£₽¥%])|{_BETWEEN}(?P<word>(?:por )?[^\W\d_$]+))"
)
_BEFORE = re.compile(r"(?P<sign>us\$|[€$£₽¥]|\b(?:eur|usd|gbp|czk|rub|pln|chf|jpy|kc))[ \u00a0]?$")

_EXACT: dict[str, dict[str, str]] = {}
_STEMS: dict[str, list[tuple[str, str]]] = {}
for _language, _table in _WORDS.items():
    _EXACT[_language], _STEMS[_language] = {}, []
    for _unit, _listed in _table.items():
        for _one in _listed.split():
            if _one.endswith("*"):
                _STEMS[_language].append((_one[:-1], _unit))
            else:
                _EXACT[_language][_one] = _unit


def unit_word(word: str, language: str | None = None) -> str | None:
    """The unit that a folded word names, in one language or in any."""
    for name in [language] if language else _WORDS:
        if (found := _EXACT[name].get(word)) is not None:
            return found
        for start, unit in _STEMS[name]:
            if word.startswith(start):
                return unit
    return None


def unit_beside(folded: str, start: int, end: int) -> str | None:
    """The unit of the figure at `start:end`: after it, else before it."""
    after = _AFTER.match(folded[end : end + 48])
    if after is not None:
        if after["sign"]:
            return _SIGNS[after["sign"]]
        word = after["word"].removeprefix("por ")
        unit = _SIGNS.get(word) or unit_word(word)
        if unit is not None and not folded[end + after.end() :].startswith((" me ", " us ")):
            return unit
    before = _BEFORE.search(folded[max(0, start - 5) : start])
    return _SIGNS[before["sign"]] if before else None
