"""Text as patterns look at it: small letters without accents, letter by letter.

Above: `finding`, `speech`. Below: the standard library. A place in the folded text is the same
place in the original, so what a pattern finds is taken from the words as they were written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MONTHS = r"(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|led|uno|bre|dub|kve|cer|srp|zar|rij|lis|pros)"  # noqa: E501 -- one list
_BORDER = re.compile(
    rf"\n+|(?<=[!?…])\s+|(?<=\.)\s+(?!{_MONTHS})(?<!\b\w\.\s)(?<!\bst\.\s)(?<!\bul\.\s)(?<!\bnr\.\s)(?<!\bno\.\s)(?<!\bc\.\s)"
)


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    small = unicodedata.normalize("NFD", character)[0].lower()
    return small if len(small) == 1 else character


def fold(text: str) -> str:
    """The same text, folded; as long as it was."""
    return "".join(map(_letter, text))


def split_sentences(text: str) -> list[str]:
    """Sentences and lines, as they were written."""
    folded, pieces, begin = fold(text), list[str](), 0
    for border in _BORDER.finditer(folded):
        pieces.append(text[begin : border.start()])
        begin = border.end()
    pieces.append(text[begin:])
    return [piece.strip() for piece in pieces if piece.strip()]
