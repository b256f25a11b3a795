"""Reads the light Markdown of models and articles into plain text with typed spans. Pure.

Above: `fitting`. Below: nothing. It is read as data: what is not clearly a mark stays as it was
written, HTML is text, and only web, mail and telephone addresses become links. A label that is
itself an address and leads elsewhere is no link: both addresses are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SpanKind = Literal["bold", "italic", "code", "pre", "link", "item"]
_DEEPEST = 4
# Every repetition is bounded: the time to read a text grows with its length only.
_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*_\[\]()#+\-.!|>~{}])"
    r"|(?P<tick>`{1,3})(?P<code>[^`\n]{1,1000})(?P=tick)(?!`)"
    r"|!?\[(?P<label>[^\[\]\n]{1,400})\]\(<?(?P<url>[^\s()<>]{1,1500}(?:\([^\s()<>]{0,200}\)"
    r"[^\s()<>]{0,1500})?)>?(?:[ \t]{1,9}\"[^\"\n]{0,200}\")?\)"
    r"|<(?P<auto>(?:https?://|mailto:)[^\s<>]{1,2000})>"
    r"|(?P<bare>https?://[^\s<>\"'`\u00ab\u00bb\u201c-\u201f]{1,2000})"
    r"|\*\*(?=[^\s*])(?P<strong>[^\n]{1,800}?)(?<=[^\s*])\*\*(?!\*)"
    r"|(?<!\w)__(?=[^\s_])(?P<strong2>[^\n]{1,800}?)(?<=[^\s_])__(?!\w)"
    r"|(?<![\w*])\*(?=[^\s*])(?P<em>[^*\n]{1,800}?)(?<=\S)\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<em2>[^_\n]{1,800}?)(?<=\S)_(?![\w_])"
)
_FENCE = re.compile(r" {0,3}(`{3,9}|~{3,9})[ \t]*([\w+#.-]{0,30})[ \t]*\Z")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?=\S)")
_BULLET = re.compile(r"([ \t]*)[-*+•–][ \t]+(?=\S)")
_NUMBER = re.compile(r"[ \t]*\d{1,3}[.)][ \t]+(?=\S)")
_RULER = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|){1,40}\s*(?::?-{2,}:?\s*)?\Z")
_SAFE_URL = re.compile(r"(?:https?://(?![^/?#]*@)[^\s/?#]|mailto:[^\s?]|tel:\+?\d)", re.IGNORECASE)
_ADDRESS_LIKE = re.compile(r"(?:https?://|www\.)\S|\S+\.[a-z]{2,}(?:/\S*)?\Z", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Span:
    """What the characters from `start` up to `end` are. `url` of a link, `language` of a `pre`."""

    kind: SpanKind
    start: int
    end: int
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Rich:
    """Plain text, and what its parts are; offsets count characters of Python's kind."""

    text: str
    spans: tuple[Span, ...] = ()


class Writer:
    """Puts text and spans together."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self.length = 0

    def write(self, text: str) -> None:
        """Add bare text."""
        self._parts.append(text)
        self.length += len(text)

    def mark(
        self, kind: SpanKind, start: int, *, url: str | None = None, language: str | None = None
    ) -> None:
        """What was written since `start` is this."""
        if self.length > start:
            self._spans.append(Span(kind, start, self.length, url, language))

    def add(self, rich: Rich) -> None:
        """Add what is already put together."""
        at = self.length
        self.write(rich.text)
        self._spans += (
            Span(one.kind, one.start + at, one.end + at, one.url, one.language)
            for one in rich.spans
        )

    def done(self) -> Rich:
        """The whole; outer spans before those in them."""
        ordered = sorted(self._spans, key=lambda span: (span.start, -span.end))
        return Rich("".join(self._parts), tuple(ordered))


def read_markdown(text: str) -> Rich:
    """The text as it should look. No character that is no mark is lost."""
    writer = Writer()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if at:
            writer.write("\n")
        at = _read_block(lines, at, writer)
    return writer.done()


def is_safe_url(url: str | None) -> bool:
    """True if it may be opened: web without a user name in it, mail, telephone."""
    return url is not None and _SAFE_URL.match(url) is not None


def _read_block(lines: list[str], at: int, writer: Writer) -> int:
    """One block from line `at` on; the line behind it."""
    line = lines[at]
    if (fence := _FENCE.match(line)) is not None:
        end = _fence_end(lines, at + 1, fence[1])
        _write_pre(lines[at + 1 : end], fence[2] or None, writer)
        return min(end + 1, len(lines))
    if "|" in line and at + 1 < len(lines) and _RULER.match(lines[at + 1]):
        end = at + 2
        while end < len(lines) and "|" in lines[end]:
            end += 1
        _write_pre(lines[at:end], None, writer)
        return end
    _read_line(line, writer)
    return at + 1


def _fence_end(lines: list[str], at: int, fence: str) -> int:
    """The line that closes a code block; the end of the text if nothing does."""
    while at < len(lines):
        bare = lines[at].strip()
        if bare.startswith(fence) and not bare.strip(fence[0]):
            return at
        at += 1
    return at


def _write_pre(lines: Iterable[str], language: str | None, writer: Writer) -> None:
    start = writer.length
    writer.write("\n".join(lines))
    writer.mark("pre", start, language=language)


def _read_line(line: str, writer: Writer) -> None:
    start = writer.length
    if (heading := _HEADING.match(line)) is not None:
        _read_inline(line[heading.end() :].rstrip("# \t") or line[heading.end() :], writer)
        writer.mark("bold", start)
    elif (bullet := _BULLET.match(line)) is not None:
        writer.write(f"{bullet[1]}• ")
        _read_inline(line[bullet.end() :], writer)
        writer.mark("item", start)
    elif (number := _NUMBER.match(line)) is not None:
        writer.write(number[0])
        _read_inline(line[number.end() :], writer)
        writer.mark("item", start)
    else:
        _read_inline(line, writer)


def _read_inline(line: str, writer: Writer, depth: int = 0) -> None:
    at = 0
    for match in _INLINE.finditer(line):
        writer.write(line[at : match.start()])
        at = match.end()
        _write_match(match, writer, depth)
    writer.write(line[at:])


def _write_match(match: re.Match[str], writer: Writer, depth: int) -> None:
    kind, start = match.lastgroup, writer.length
    if kind == "escaped":
        writer.write(match["escaped"])
    elif kind == "code":
        writer.write(match["code"])
        writer.mark("code", start)
    elif kind == "url":
        _write_link(match, writer)
    elif kind == "auto":
        _write_address(match["auto"], writer)
    elif kind == "bare":
        bare = _trim_address(match["bare"])
        _write_address(bare, writer)
        writer.write(match["bare"][len(bare) :])
    else:
        inner = match["strong"] or match["strong2"] or match["em"] or match["em2"]
        if depth < _DEEPEST:
            _read_inline(inner, writer, depth + 1)
        else:
            writer.write(inner)
        writer.mark("bold" if match["strong"] or match["strong2"] else "italic", start)


def _write_link(match: re.Match[str], writer: Writer) -> None:
    label, url, start = match["label"], match["url"], writer.length
    if not is_safe_url(url):
        writer.write(match[0])
    elif _ADDRESS_LIKE.match(label.strip()) and label.strip() != url:
        writer.write(f"{label} (")
        _write_address(url, writer)
        writer.write(")")
    else:
        writer.write(label)
        writer.mark("link", start, url=url)


def _write_address(url: str, writer: Writer) -> None:
    start = writer.length
    writer.write(url)
    if is_safe_url(url):
        writer.mark("link", start, url=url)


def _trim_address(address: str) -> str:
    """Punctuation at the end belongs to the sentence, and so does a bracket not opened in it."""
    end = len(address)
    while end > 0:
        last = address[end - 1]
        opener = _CLOSERS.get(last)
        stray = opener is not None and address.count(last, 0, end) > address.count(opener, 0, end)
        if not stray and last not in ".,;:!?*_":
            break
        end -= 1
    return address[:end]
