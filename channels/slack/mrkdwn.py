"""Slack's way to write text: their markup to plain words, our words to safe markup. Pure.

Above: `decode`, `encode`. Below: the spans of `rendering`. What leaves can neither call anybody
(`<!channel>`, `<@U1>`) nor make a link by itself: an angle bracket of a text stays one, and links
are those that `rendering` has found harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.rendering import Span

_MARK = re.compile(r"<([^<>\n]{1,4000})>")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)[^\s\"`]{1,3000}", re.IGNORECASE)
_SIGNS = {"bold": "*", "italic": "_", "code": "`", "pre": "```"}
_LITERAL = frozenset({"link", "code", "pre"})
_NAMED = {"here": "@here", "channel": "@channel", "everyone": "@everyone"}


def read_mrkdwn(text: str, *, own_user: str | None = None) -> str:
    """What a person meant to say. A mention of ourselves is not part of it."""
    if own_user:
        text = re.sub(rf"<@{re.escape(own_user)}(?:\|[^<>]*)?>[ \t]*[:,]?[ \t]*", "", text)
    return _unescape(_MARK.sub(lambda match: _read_mark(match[1]), text)).strip()


def _read_mark(mark: str) -> str:
    """One `<…>`: a mention, a channel, a link or a special word."""
    target, _, label = mark.partition("|")
    if target.startswith(("@", "#")):
        return target[0] + (label.lstrip("@#") or target[1:])
    if target.startswith("!"):
        return label or _NAMED.get(target[1:].partition("^")[0], "@" + target[1:].partition("^")[0])
    bare = re.sub(r"^(mailto:|tel:)", "", target)
    if not label or label == bare or re.sub(r"^https?://", "", bare).rstrip("/") == label:
        return bare
    return f"{label} ({bare})"


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """The three characters that begin or end markup, as Slack wants them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_mrkdwn(text: str, spans: Iterable[Span] = ()) -> str:
    """Plain words and what their parts are, as mrkdwn."""
    marks: list[tuple[int, int, str]] = []
    closed: list[Span] = []
    for number, span in enumerate(spans):
        inside = any(one.start <= span.start and span.end <= one.end for one in closed)
        pair = None if inside else _pair(span, text[span.start : span.end])
        if pair is None:
            continue
        if span.kind in _LITERAL:
            closed.append(span)
        # What ends comes before what begins, the inner end before the outer one.
        marks += [(span.start, number, pair[0]), (span.end, -number - 1, pair[1])]
    written, at = "", 0
    for place, _, mark in sorted(marks, key=lambda one: (one[0], one[1])):
        written += escape(text[at:place]) + mark
        at = place
    return written + escape(text[at:])


def _pair(span: Span, words: str) -> tuple[str, str] | None:
    """What stands before and behind a part; None if it cannot be marked and stays as it is."""
    if span.kind == "link":
        address = _address(span.url or "")
        return (f"<{address}|", ">") if address and "\n" not in words else None
    sign = _SIGNS.get(span.kind)
    if sign is None or sign[0] in words or not words.strip() or words != words.strip(" "):
        return None
    return (sign, sign)


def _address(url: str) -> str:
    """An address as it may stand in a mark, or nothing."""
    if not _ADDRESS.fullmatch(url):
        return ""
    return escape(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
