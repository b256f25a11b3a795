"""Numbers written out as words, in five languages: `two weeks`, `čtrnáct dní`, `dos semanas`.

Above: `figures`. Below: `units`. A word counts as a number only before a unit of its language:
Czech `ten` is no ten, and nobody means a figure by `one of them`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.specialists.checks.units import unit_word

_SMALL: dict[str, str] = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
    "cs": "jeden|jedna|jedno|jednoho|jedne dva|dve|dvou|dvema tri|tri|trech ctyri|ctyr|ctyrech "
    "pet|peti sest|sesti sedm|sedmi osm|osmi devet|deviti deset|deseti jedenact|jedenacti "
    "dvanact|dvanacti trinact|trinacti ctrnact|ctrnacti patnact|patnacti sestnact|sestnacti "
    "sedmnact|sedmnacti osmnact|osmnacti devatenact|devatenacti",
    "ru": "один|одна|одного|одно два|две|двух три|трех четыре|четырех пять|пяти шесть|шести "
    "семь|семи восемь|восьми девять|девяти десять|десяти одиннадцать|одиннадцати "
    "двенадцать|двенадцати тринадцать|тринадцати четырнадцать|четырнадцати "
    "пятнадцать|пятнадцати шестнадцать|шестнадцати семнадцать|семнадцати "
    "восемнадцать|восемнадцати девятнадцать|девятнадцати",
    "de": "ein|eins|eine|einen|einem|einer zwei drei vier funf sechs sieben acht neun zehn elf "
    "zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn",
    "es": "un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciseis diecisiete dieciocho diecinueve",
}
_TENS: dict[str, str] = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "cs": "dvacet|dvaceti tricet|triceti ctyricet|ctyriceti padesat|padesati sedesat|sedesati "
    "sedmdesat|sedmdesati osmdesat|osmdesati devadesat|devadesati",
    "ru": "двадцать|двадцати тридцать|тридцати сорок|сорока пятьдесят|пятидесяти "
    "шестьдесят|шестидесяти семьдесят|семидесяти восемьдесят|восьмидесяти девяносто|девяноста",
    "de": "zwanzig dreißig|dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
_LARGE: dict[str, dict[str, int]] = {
    "en": {"hundred": 100, "thousand": 1000, "dozen": 12},
    "cs": {"sto": 100, "sta": 100, "ste": 100, "set": 100, "tisic": 1000, "tisice": 1000},
    "ru": {"тысяча": 1000, "тысячи": 1000, "тысяч": 1000},
    "de": {"hundert": 100, "tausend": 1000},
    "es": {"mil": 1000},
}
_PLUS: dict[str, dict[str, int]] = {
    "ru": {"сто": 100, "ста": 100, "двести": 200, "триста": 300, "четыреста": 400,
           "пятьсот": 500, "шестьсот": 600, "семьсот": 700, "восемьсот": 800, "девятьсот": 900},
    "es": {"cien": 100, "ciento": 100, "doscientos": 200, "trescientos": 300,
           "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700,
           "ochocientos": 800, "novecientos": 900, "veintiun": 21, "veintiuno": 21,
           "veintidos": 22, "veintitres": 23, "veinticuatro": 24, "veinticinco": 25,
           "veintiseis": 26, "veintisiete": 27, "veintiocho": 28, "veintinueve": 29},
}  # fmt: skip
_AND = {"en": "and", "es": "y", "cs": "a", "de": "und", "ru": "и"}
_BETWEEN = {
    "business", "working", "calendar", "full", "more", "pracovnich", "pracovni", "celych",
    "рабочих", "рабочие", "рабочего", "календарных", "полных", "ganze", "volle", "weitere",
    "kalendarnich",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_BENT = re.compile(r"(tagig|wochig|monatig|jahrig|stundig|denni|tydenni|mesicni|дневн|недельн)")
_BENT_UNIT = {
    "tagig": "day", "wochig": "week", "monatig": "month", "jahrig": "year", "stundig": "hour",
    "denni": "day", "tydenni": "week", "mesicni": "month", "дневн": "day", "недельн": "week",
}  # fmt: skip


def _values(language: str) -> dict[str, int]:
    small = {
        word: value
        for value, forms in enumerate(_SMALL[language].split(), 1)
        for word in forms.split("|")
    }
    tens = {
        word: value * 10
        for value, forms in enumerate(_TENS[language].split(), 2)
        for word in forms.split("|")
    }
    return small | tens | _PLUS.get(language, {})


_VALUES = {language: _values(language) for language in _SMALL}
_ANY = frozenset(word for table in (*_VALUES.values(), *_LARGE.values()) for word in table)
_GERMAN = "|".join(sorted((*_VALUES["de"], "hundert", "tausend", "und"), key=len, reverse=True))
_GERMAN_WORD = re.compile(rf"(?:{_GERMAN})+")
_GERMAN_PART = re.compile(_GERMAN)


def written_figures(folded: str) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, value, unit) of each number in words with its unit; of `one` nothing."""
    words = [(found.start(), found.end(), found[0]) for found in _WORD.finditer(folded)]
    for place, (start, end, word) in enumerate(words):
        bent = _bent(word)
        if bent is not None:
            yield start, end, *bent
        unit_at = place
        for language in _VALUES:
            unit = unit_word(word, language)
            if unit is None:
                continue
            if unit_at and words[unit_at - 1][2] in _BETWEEN:
                unit_at -= 1
            first, value = _number_before(words, unit_at, language)
            if value > 1:
                yield words[first][0], end, value, unit
                break


def _number_before(words: list[tuple[int, int, str]], place: int, language: str) -> tuple[int, int]:
    """Where the number before `place` begins, and its value (0: there is none)."""
    first = place
    while first and (
        _is_number(words[first - 1][2], language)
        or (words[first - 1][2] == _AND[language] and first < place)
    ):
        first -= 1
    return first, _sum([word for _, _, word in words[first:place]], language)


def _is_number(word: str, language: str) -> bool:
    known = word in _VALUES[language] or word in _LARGE[language]
    return known or (language == "de" and _GERMAN_WORD.fullmatch(word) is not None)


def _sum(words: list[str], language: str) -> int:
    total = now = 0
    for word in _parts(words, language):
        factor = _LARGE[language].get(word, 0)
        if factor == 1000:
            total, now = total + max(1, now) * factor, 0
        elif factor:
            now = max(1, now) * factor
        else:
            now += _VALUES[language].get(word, 0)
    return total + now


def _parts(words: list[str], language: str) -> Iterator[str]:
    for word in words:
        if language == "de" and word not in _VALUES["de"]:
            yield from _GERMAN_PART.findall(word)
        else:
            yield word


def _bent(word: str) -> tuple[int, str] | None:
    """`vierzehntägig`, `čtrnáctidenní`, `двухнедельный`: number and unit in one word."""
    found = _BENT.search(word)
    if found is None or found.start() < 3:
        return None
    head = word[: found.start()]
    for language in ("cs", "ru", "de"):
        if _is_number(head, language) and (value := _sum([head], language)) > 1:
            return value, _BENT_UNIT[found[0]]
    return None
