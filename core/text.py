"""Cleaning of text that comes from outside.

Above: every edge (decode, REST, Socket.IO, knowledge ingest). Below: nothing.
"""

from __future__ import annotations

import re
import unicodedata

# Characters that are invisible and carry instructions or break stores: C0/C1 controls other than
# tab and newline, zero-width and bidi controls, tags (U+E0000…), variation selectors supplement.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """NFC, `\\n` line ends, no invisible or control characters, lone surrogates replaced.

    ZWJ and ZWNJ (U+200D, U+200C) stay: emoji and several scripts need them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATE.sub("\ufffd", text)
    text = _INVISIBLE.sub("", text)
    return unicodedata.normalize("NFC", text)


def unmarked(text: str) -> str:
    """In one case and without diacritics: how words are compared that people type in a hurry."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
