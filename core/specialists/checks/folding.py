"""Text as the checks compare it: small letters without marks, place by place.

Above: every check that reads words. Below: nothing. The folded text is exactly as long as the
text, so that a place found in one is a place in the other.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_STEM = 5
_CYRILLIC = str.maketrans(
    dict(zip("абвгдезиклмнопрстуфцыэ", "abvgdeziklmnoprstufcye", strict=True))
    | {"ж": "zh", "х": "h", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu",
       "я": "ya"}
)  # fmt: skip


@lru_cache(maxsize=4096)
def _fold_one(letter: str) -> str:
    small = letter.lower()
    if small == "й":  # a letter of its own, not a marked one
        return small
    base = unicodedata.normalize("NFD", small if len(small) == 1 else letter)
    return base[0]


def fold(text: str) -> str:
    """`Čtrnáct` → `ctrnact`, `ё` → `е`; as long as `text`."""
    return "".join(map(_fold_one, text))


def bare(sentence: str) -> str:
    """Without what opens it (marks of lists, quotes, `¡¿`) and with straight apostrophes."""
    return sentence.strip().lstrip("¡¿\"'«„“*-–—•> ").replace("’", "'")


def words_of(text: str) -> list[str]:
    """The folded words."""
    return _WORD.findall(fold(text))


def stem(word: str) -> str:
    """Enough of a folded word to meet its other forms: five languages bend the ends."""
    return word[: max(_STEM, len(word) - 3)] if len(word) > _STEM else word


def latin(word: str) -> str:
    """A folded Cyrillic word in Latin letters, for names that cross the scripts."""
    return word.translate(_CYRILLIC)


def blank(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` with blanks in place of `spans`."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
