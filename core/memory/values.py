"""The forms of values: e-mail addresses, phone numbers, identifiers, dates, names, products.

Above: `finding`, `facts`. Below: `fold`, `speech`. Pure. Patterns named in capitals are matched
against the text as written where accents and capitals matter, else against folded text.
"""

from __future__ import annotations

import re

from core.memory import speech
from core.memory.fold import fold
from core.memory.speech import pattern

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
PHONE = re.compile(r"(?<![\w@/-])\+?\(?\d[\d ()/-]{5,17}\d(?![\w-]|\.\d)")
_MONTH = (
    r"(?:jan\w*|feb\w*|mar(?:ch|z|zo|ta|t)?|marz|brezna|brezen|unora?|ledna|leden|apr\w*|dubna|duben"
    r"|abril|may|mai|maya|mayo|kvet\w*|june?|juni|junio|cervna|cerven|cervence|cervenec|july?|juli"
    r"|julio|aug\w*|srpna|srpen|agosto|sep\w*|zari|o[ck]t\w*|rijna|rijen|nov\w*|listopad\w*|de[cz]\w*"
    r"|prosin\w*|enero|diciembre|январ\w*|феврал\w*|март\w*|апрел\w*|мая|маи|июн\w*|июл\w*|август\w*"
    r"|сентябр\w*|октябр\w*|ноябр\w*|декабр\w*)"
)
DATE = re.compile(
    r"(?<![\w.-])(?:\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}\. ?\d{1,2}\.(?: ?\d{4})?"
    r"|\d{1,2}/\d{1,2}/\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of| de)? {_MONTH}(?:(?: de|,)? \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)(?![\w-])"
)
_IDENTIFIER = r"#?(?=[\w/-]*\d)[^\W_][\w/-]{2,28}"
_UNIT = re.compile(
    r"\s*(?:€|\$|£|%|₽|eur\b|euros?\b|usd\b|kc\b|czk\b|korun\b|руб\w*|рубл\w*|dollars?\b|kg\b|cm\b|mm\b"
    r"|days?\b|weeks?\b|hours?\b|minutes?\b|dn[iu]\b|tage?\b|dias?\b|horas?\b|дн\w+|час\w*|stunden?\b"
    r"|times?\b|items?\b|pieces?\b|kusu?\b|шт\w*|stuck\b|unidades\b)"
)
_PHONE_WORDS = (
    r"phone|call|mobile|cell|reach|ring|text me|telef\w*|mobil\w*|volej\w*|zavol\w*|cislo"
    r"|телефон\w*|позвон\w*|звон\w*|номер|handy\w*|anruf\w*|rufnummer|erreich\w*|movil|llam\w*"
)
_NAME = re.compile(r"[^\W\d_][\w'’-]*(?:\.(?= ))?")
_SMALL = frozenset(["de", "la", "del", "van", "von", "der", "den", "di", "da", "dos"])
_NO_NAME = frozenset(
    (
        "and", "but", "i", "my", "from", "the", "a", "an", "with", "calling", "und", "aber",
        "ich", "mein", "aus", "y", "pero", "de", "mi", "ale", "muj", "moje", "и", "но", "мои",
        "я", "с", "из", "not", "here", "writing", "trying", "looking", "sorry", "happy",
        "having", "afraid", "sure", "just",
    )
)  # fmt: skip
_MOST_NAMES = 4


def plain(text: str) -> str:
    """For comparing: folded, single spaces, without marks at the ends."""
    return " ".join(fold(text).split()).strip(" .,;:!?\"'«»„“”()")


def numbered(stems: str) -> re.Pattern[str]:
    """An identifier behind one of these words ("order number: AB-17"), or before it."""
    return pattern(
        rf"(?<!\w)(?:{stems})(?!\w)(?:[^\d\n.!?;@]|(?<= )(?:no|nr|c|n|num)\.[º°o]?)"
        rf"{{0,32}}?[#№]?(?<![\w/-])"
        rf"(?P<id>{_IDENTIFIER})"
    )


def is_identifier(text: str, begin: int, end: int) -> bool:
    """Not a date, a price or a length of time; long enough to name something."""
    words = text[begin:end].strip("#-/")
    folded = fold(text)
    if sum(character.isdigit() for character in words) < 2 or len(words) < 3:
        return False
    if _UNIT.match(folded, end) or folded[end : end + 1] == "@":
        return False
    return DATE.match(folded, begin) is None


def is_phone(folded: str, begin: int, end: int) -> bool:
    """Seven to fifteen digits, written as people write phone numbers or named as one."""
    digits = sum(character.isdigit() for character in folded[begin:end])
    if not 7 <= digits <= 15 or _UNIT.match(folded, end) or DATE.match(folded, begin):
        return False
    if folded[begin] == "+" or folded[begin : begin + 2] == "00":
        return True
    return pattern(rf"\b(?:{_PHONE_WORDS})").search(folded) is not None


def name_after(text: str, begin: int, *, sure: bool) -> tuple[int, int] | None:
    """The name that begins here. Not `sure`: it must look like one, first and family name."""
    words: list[re.Match[str]] = []
    place = begin
    for _ in range(_MOST_NAMES + 1):
        gap = re.compile(r"[\s:—–-]{1,4}" if not words else r" +").match(text, place)
        word = _NAME.match(text, gap.end() if gap else place)
        if word is None or (gap is None and words) or len(words) == _MOST_NAMES:
            break
        small = word.group().lower()
        capital = word.group()[0].isupper()
        if small in _NO_NAME and not (words and small in _SMALL):
            break
        if words and not capital and small not in _SMALL and words[0].group()[0].isupper():
            break
        if not words and not capital and not sure:
            return None
        words.append(word)
        place = word.end()
    while words and words[-1].group().lower() in _SMALL:
        words.pop()
    capitals = [word for word in words if word.group()[0].isupper()]
    if not words or (not sure and (len(capitals) < 2 or len(capitals) != len(words))):
        return None
    if sure and not capitals:
        words = words[:2]
    return words[0].start(), words[-1].end()


def product_at(text: str, begin: int) -> tuple[int, int] | None:
    """A product's name: words with capitals or figures, at least one with a figure in it."""
    found = re.compile(
        r"(?:[^\W\d_]*[A-ZА-ЯÁ-Ž][\w-]*|[\w-]*\d[\w-]*)"
        r"(?: (?:[A-ZА-ЯÁ-Ž][\w-]*|[\w-]*\d[\w-]*)){0,4}"
    ).match(text, begin)
    if (
        found is None
        or not re.search(r"\d", found.group())
        or not re.search(r"[^\W\d]", found.group())
    ):
        return None
    if _UNIT.match(fold(text), found.end()) or DATE.search(fold(found.group())):
        return None
    return found.span()


def clip(folded: str, begin: int, end: int, language: str, *, whole: bool) -> tuple[int, int]:
    """The value that begins here: without fillers, up to the end of the clause (`whole`: commas
    belong to it)."""
    filler = pattern(r"[^\W\d_]+[\s,:]+")
    if lead := pattern(r"[\s,:;–—-]+").match(folded, begin):
        begin = lead.end()
    while (word := filler.match(folded, begin)) and word.group().strip(" ,:\t") in speech.FILLERS:
        begin = word.end()
    stops = [r"[;!?\n]", r"(?<!\d)\.\s", r"\.$", rf"(?<=\d)\.\s(?!{_MONTH})"]
    if not whole:
        stops += [r",", rf"\s(?:{speech.AND.get(language, speech.AND['en'])})\s"]
    else:
        stops.append(rf",?\s(?:{speech.AND.get(language, speech.AND['en'])})\s(?!\d)")
    if stop := pattern("|".join(stops)).search(folded, begin, end):
        end = stop.start()
    return begin, end
