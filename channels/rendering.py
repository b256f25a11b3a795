"""Fits an entry to what a channel can carry: splits long text, turns buttons into lines. Pure.

Above: the adapters' `encode`. Below: `base`. Escaping is each channel's own: what leaves here is
plain text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from channels.base import Capabilities
from core.errors import UnsupportedContent
from core.messages import Button, Entry

_ZWJ = "\u200d"
_FLAGS = range(0x1F1E6, 0x1F200)
# The combining class of the signs that join two consonants of Indic scripts.
_VIRAMA = 9
# Where a text may be cut, best first; the piece before keeps what the pattern matched.
_BORDERS = (re.compile(r"\n{2,}"), re.compile(r"\n"), re.compile(r"[.!?…]['\"»”)]*\s"),
            re.compile(r"\s"))  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One message of the platform. Only the last one has buttons."""

    text: str
    buttons: tuple[Button, ...] = ()


def render(entry: Entry, capabilities: Capabilities) -> list[Piece]:
    """The pieces of an entry, in order, each within the channel's limit.

    Raises `UnsupportedContent` when nothing of the entry can be shown.
    """
    buttons = tuple(button for row in entry.parts for button in row.buttons)
    text = entry.text
    if len(buttons) > capabilities.buttons:
        text, buttons = number_buttons(text, buttons), ()
    texts = split_text(text, capabilities.max_text)
    if not texts:
        raise UnsupportedContent("there is nothing in it that this channel can show")
    return [*(Piece(part) for part in texts[:-1]), Piece(texts[-1], buttons)]


def number_buttons(text: str, buttons: tuple[Button, ...]) -> str:
    """The choices as numbered lines under the text."""
    lines = [f"{number}. {button.label}" for number, button in enumerate(buttons, 1)]
    return "\n".join([*([text, ""] if text else []), *lines])


def choose_button(said: str, buttons: tuple[Button, ...]) -> Button | None:
    """Which numbered choice a customer means by `2`, `2.` or the words of it."""
    bare = said.strip().rstrip(".)").casefold()
    if bare.isascii() and bare.isdigit() and len(bare) < 4:
        number = int(bare)
        return buttons[number - 1] if 1 <= number <= len(buttons) else None
    return next((button for button in buttons if button.label.casefold() == bare), None)


def split_text(text: str, most: int) -> list[str]:
    """Pieces of at most `most` characters: at paragraphs, else lines, sentences, words, and at
    worst between two graphemes. Only white space at the cuts is lost."""
    pieces: list[str] = []
    rest = text.strip()
    while len(rest) > most:
        cut = _find_cut(rest, most)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in [*pieces, rest] if piece]


def _find_cut(text: str, most: int) -> int:
    """The best place to cut, in the last two thirds of what fits."""
    for border in _BORDERS:
        found = [match.end() for match in border.finditer(text, 0, most + 1)]
        fits = [end for end in found if most // 3 <= end <= most]
        if fits:
            return fits[-1]
    return _grapheme_border(text, most)


def _grapheme_border(text: str, at: int) -> int:
    """The last place up to `at` that does not tear a visible character apart."""
    for cut in range(at, max(0, at - 64), -1):
        if not _belongs_together(text, cut):
            return cut
    return at


def _belongs_together(text: str, cut: int) -> bool:
    before, after = text[cut - 1], text[cut]
    if after == _ZWJ or before == _ZWJ or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return True
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if 0x1F3FB <= ord(after) <= 0x1F3FF or 0xFE00 <= ord(after) <= 0xFE0F:
        return True
    if ord(after) in _FLAGS and ord(before) in _FLAGS:
        flags = 0
        while flags < cut and ord(text[cut - 1 - flags]) in _FLAGS:
            flags += 1
        return flags % 2 == 1
    return before == "\r" and after == "\n"
