"""Cuts a long text into pieces that a channel takes, each with its part of the spans. Pure.

Above: `fitting`. Below: `markdown`. A cut falls at a paragraph, else a line, a sentence, a word,
and at worst between two visible characters. Links, code and short blocks stay whole where they
fit; what is cut, such as a long code block, goes on as the same kind in the next piece.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from channels.rendering.markdown import Rich, Span

Units = Literal["characters", "utf16"]
_ZWJ = "\u200d"
_FLAGS = range(0x1F1E6, 0x1F200)
# The combining class of the signs that join two consonants of Indic scripts.
_VIRAMA = 9
# A cluster longer than this is no character that anybody wrote to be read.
_LONGEST_CLUSTER = 64
# Where a text may be cut, best first; the piece before keeps what the pattern matched.
_BORDERS = (re.compile(r"\n{2,}"), re.compile(r"\n"), re.compile(r"[.!?…]['\"»”)]*\s"),
            re.compile(r"\s"))  # fmt: skip
_WHOLE = frozenset({"link", "code", "pre"})


def split_text(text: str, most: int, units: Units = "characters") -> list[str]:
    """Pieces of at most `most` units. Only white space at the cuts is lost."""
    return [piece.text for piece in split_rich(Rich(text), most, units)]


def split_rich(rich: Rich, most: int, units: Units = "characters") -> list[Rich]:
    """The same for a text with spans."""
    text, at, end = rich.text, 0, len(rich.text.rstrip())
    at = _skip_space(rich, 0, end)
    pieces: list[Rich] = []
    while at < end:
        limit = _reach(text, at, end, most, units)
        cut = limit if limit >= end else _find_cut(rich, at, limit, most, units)
        pieces.append(_part(rich, at, cut))
        at = _skip_space(rich, cut, end)
    return [piece for piece in pieces if piece.text]


def length_in(text: str, units: Units) -> int:
    """How long a platform that counts so takes it to be."""
    if units == "characters":
        return len(text)
    return len(text) + sum(1 for char in text if char > "\uffff")


def _reach(text: str, at: int, end: int, most: int, units: Units) -> int:
    """How far a piece that begins at `at` may go."""
    if units == "characters":
        return min(end, at + most)
    used = 0
    for index in range(at, min(end, at + most)):
        used += 2 if text[index] > "\uffff" else 1
        if used > most:
            return max(index, at + 1)
    return min(end, at + most)


def _find_cut(rich: Rich, at: int, limit: int, most: int, units: Units) -> int:
    """The best place to cut, in the last two thirds of what fits."""
    whole = [
        span
        for span in rich.spans
        if span.kind in _WHOLE
        and at < span.end
        and span.start <= limit
        and length_in(rich.text[span.start : span.end], units) <= most
    ]
    for border in _BORDERS:
        found = [match.end() for match in border.finditer(rich.text, at, limit + 1)]
        least = at + (limit - at) // 3
        fits = [cut for cut in found if max(least, at + 1) <= cut <= limit]
        fits = [cut for cut in fits if not _within(whole, cut)]
        if fits:
            return fits[-1]
    torn = min((span.start for span in whole if span.start < limit < span.end), default=at)
    return torn if torn > at else _grapheme_border(rich.text, at, limit)


def _within(spans: Sequence[Span], cut: int) -> bool:
    return any(span.start < cut < span.end for span in spans)


def _skip_space(rich: Rich, at: int, end: int) -> int:
    """Behind the white space at a cut; in code, indentation stays."""
    block = any(span.kind == "pre" and span.start < at < span.end for span in rich.spans)
    while at < end and (rich.text[at] == "\n" if block else rich.text[at].isspace()):
        at += 1
        block = block or any(s.kind == "pre" and s.start == at for s in rich.spans)
    return at


def _part(rich: Rich, start: int, end: int) -> Rich:
    text = rich.text[start:end].rstrip()
    stop = start + len(text)
    spans = (
        Span(one.kind, max(one.start, start) - start, min(one.end, stop) - start, one.url,
             one.language)
        for one in rich.spans if one.start < stop and one.end > start
    )  # fmt: skip
    return Rich(text, tuple(span for span in spans if span.end > span.start))


def _grapheme_border(text: str, start: int, at: int) -> int:
    """The last place up to `at` that does not tear a visible character apart."""
    for cut in range(at, max(start, at - _LONGEST_CLUSTER), -1):
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
