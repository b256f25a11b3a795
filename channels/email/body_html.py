"""The HTML half of a mail: the same words with the little markup that all programs show. Pure.

Above: `encode`. Below: `channels.rendering`. Text is escaped, addresses are those that rendering
found safe; there are no images, no styles from elsewhere and no scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from channels.rendering import Piece, Span

_TAGS = {"bold": "b", "italic": "i", "code": "code", "pre": "pre"}


def write_html(pieces: Sequence[Piece]) -> str:
    """A small document of these texts."""
    inside = "<br>\n<br>\n".join(_write(piece) for piece in pieces)
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body>{inside}</body></html>\n'
    )


def _write(piece: Piece) -> str:
    """Spans are nested or apart; each opens and closes where it stands."""
    opens: dict[int, list[Span]] = {}
    closes: dict[int, list[Span]] = {}
    for span in _nested(piece.spans):
        opens.setdefault(span.start, []).append(span)
        closes.setdefault(span.end, []).insert(0, span)
    places = sorted({0, len(piece.text), *opens, *closes})
    out: list[str] = []
    for start, end in zip(places, [*places[1:], len(piece.text)], strict=True):
        out += [_end(span) for span in closes.get(start, ())]
        out += [_begin(span) for span in opens.get(start, ())]
        out.append(escape(piece.text[start:end]).replace("\n", "<br>\n"))
    return "".join(out)


def _nested(spans: Sequence[Span]) -> list[Span]:
    """The outer before the inner; what would overlap is left out, its words stay."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start < span.end and all(
            span.start >= other.end or span.end <= other.end for other in kept
        ):
            kept.append(span)
    return kept


def _begin(span: Span) -> str:
    if span.kind == "link" and span.url is not None:
        return f'<a href="{escape(span.url, quote=True)}">'
    tag = _TAGS.get(span.kind)
    return f"<{tag}>" if tag else ""


def _end(span: Span) -> str:
    if span.kind == "link" and span.url is not None:
        return "</a>"
    tag = _TAGS.get(span.kind)
    return f"</{tag}>" if tag else ""
