"""The HTML of a mail as plain text: nothing is loaded, what is hidden is left out. Pure.

Above: `parsing`. Below: `core.text`. A small reader of its own, because mails are made to harm
readers: it passes over the text once, whatever stands in it. Quotes become lines with `>`,
signatures a line `-- `, so that `trimming` reads both kinds of mail alike.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from channels.email.html_style import Hiding, read_hiding
from core.text import clean_text

MOST_HTML = 2_000_000
_MOST_DEPTH = 500
_MOST_LINK = 500
QUOTE_LINE = "-----Original Message-----"
SIGNATURE_LINE = "-- "

_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9:-]{0,30})((?:[^\"'<>]|\"[^\"]{0,20000}\"|'[^']{0,20000}'){0,500})>"
)
_ATTRIBUTE = re.compile(
    r"([A-Za-z_:][-A-Za-z0-9_:.]{0,40})\s{0,20}(?:=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?"
)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "svg",
        "math",
        "noscript",
        "object",
        "iframe",
        "select",
        "textarea",
        "audio",
        "video",
        "applet",
        "canvas",
        "map",
        "frameset",
        "noframes",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "blockquote",
        "body",
        "html",
    ]
)
_SPACED = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table", "pre"]
)
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_QUOTE_MARKS = re.compile(
    r"divrplyfwdmsg|appendonsend|yahoo_quoted|zmail_extra\b|replyforwardmsg|mail-editor-reference",
    re.I,
)
_SIGNATURE_MARKS = re.compile(
    r"\b(?:x_)?(?:gmail_signature|moz-signature|ms-outlook-mobile-signature|applemailsignature|"
    r"lineBreakAtBeginningOfSignature|protonmail_signature_block-user|signature)(?![\w-])", re.I
)  # fmt: skip


@dataclass
class _Open:
    tag: str
    hidden: bool
    background: str
    quote: bool = False
    link: str = ""
    link_at: int = 0
    number: int = 0


class HtmlText:
    """What a piece of HTML says. `hidden` is true if it has text that nobody is meant to see."""

    def __init__(self, source: str) -> None:
        self.hidden = False
        self.content_ids: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[_Open] = [_Open("", hidden=False, background="white")]
        self._skip = ""
        self._gap = False
        self._quotes = 0
        self._hiding: Hiding = read_hiding(source[:MOST_HTML])
        self._read(source[:MOST_HTML])
        self._break()
        self.text = clean_text(re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines))).strip("\n ")

    def _read(self, source: str) -> None:
        at, size = 0, len(source)
        while at < size:
            start = source.find("<", at)
            if start < 0:
                self._say(source[at:])
                return
            if start > at:
                self._say(source[at:start])
            at = self._read_tag(source, start)

    def _read_tag(self, source: str, start: int) -> int:
        """What begins with `<`; gives where to go on."""
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            return len(source) if end < 0 else end + 3
        match = _TAG.match(source, start)
        if match is None:
            if not re.match(r"</?[A-Za-z!?]", source[start : start + 3]):
                self._say("<")
                return start + 1
            end = source.find(">", start)
            return len(source) if end < 0 else end + 1
        tag = match[2].lower()
        if self._skip:
            if match[1] and tag == self._skip:
                self._skip = ""
        elif match[1]:
            self._close(tag)
        else:
            self._begin(tag, _attributes(match[3]))
            if tag in _SKIPPED and not match[3].endswith("/"):
                self._skip = tag
        return match.end()

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _VOID:
            self._void(tag, attributes)
            return
        if tag in _BLOCKS:
            self._break(gap=tag in _SPACED)
        parent = self._open[-1]
        hidden, background = self._hiding.look(attributes, parent.background)
        item = _Open(tag, hidden=hidden or parent.hidden, background=background)
        self._mark(attributes, item)
        if tag == "blockquote":
            item.quote = True
        elif tag == "a":
            item.link, item.link_at = attributes.get("href", ""), len(self._line)
        elif tag == "li":
            self._bullet()
        elif tag in {"td", "th"} and self._line:
            self._line.append("  ")
        if len(self._open) < _MOST_DEPTH:
            self._open.append(item)
            self._quotes += item.quote

    def _mark(self, attributes: dict[str, str], item: _Open) -> None:
        names = f"{attributes.get('id', '')} {attributes.get('class', '')}"[:400]
        if item.hidden or not names.strip():
            return
        mark = QUOTE_LINE if _QUOTE_MARKS.search(names) else ""
        mark = mark or (SIGNATURE_LINE if _SIGNATURE_MARKS.search(names) else "")
        if mark and not (self._lines and self._lines[-1].endswith(mark)):
            self._break(gap=True)
            self._line.append(mark)
            self._break()

    def _void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._break(blank=True)
        elif tag == "hr":
            self._break()
        elif tag == "img" and not self._open[-1].hidden:
            source = attributes.get("src", "")
            if source.lower().startswith("cid:"):
                self.content_ids.append(source[4:].strip("<> ")[:200])
            alt = " ".join(attributes.get("alt", "").split())[:200]
            small = attributes.get("width") in {"0", "1"} or attributes.get("height") in {"0", "1"}
            if alt and not small:
                self._say(f"[{alt}]")

    def _close(self, tag: str) -> None:
        for place in range(len(self._open) - 1, max(0, len(self._open) - 50), -1):
            if self._open[place].tag == tag:
                break
        else:
            if tag == "p":
                self._break(gap=True)
            return
        if tag == "a":
            self._end_link(self._open[place])
        if tag in _BLOCKS:
            self._break(gap=tag in _SPACED)
        self._quotes -= sum(item.quote for item in self._open[place:])
        del self._open[place:]

    def _end_link(self, item: _Open) -> None:
        """Where a link leads is said beside its words, unless they say it."""
        target = item.link.strip()
        if item.hidden or not target.lower().startswith(("http://", "https://", "mailto:", "tel:")):
            return
        said = "".join(self._line[item.link_at :]).strip()
        bare = re.sub(r"^(?:mailto|tel):", "", target, flags=re.I)
        if said and said.rstrip("/").casefold() not in {
            target.rstrip("/").casefold(),
            bare.casefold(),
        }:
            self._line.append(f" ({' '.join(bare.split())[:_MOST_LINK]})")

    def _bullet(self) -> None:
        for item in reversed(self._open[-8:]):
            if item.tag == "ol":
                item.number += 1
                self._line.append(f"{item.number}. ")
                return
            if item.tag == "ul":
                break
        self._line.append("- ")

    def _say(self, text: str) -> None:
        if self._skip:
            return
        item = self._open[-1]
        if item.hidden:
            self.hidden |= bool(html.unescape(text).strip("\u00a0\u200c\u200b\u034f\u00ad \t\r\n"))
            return
        words = html.unescape(text)
        if any(opened.tag == "pre" for opened in self._open[-6:]):
            for number, line in enumerate(words.split("\n")):
                if number:
                    self._break(blank=True)
                self._line.append(line.rstrip("\r"))
            return
        words = _SPACES.sub(" ", words)
        if not self._line or self._line[-1].endswith(" "):
            words = words.lstrip(" ")
        if words:
            self._line.append(words)

    def _break(self, *, gap: bool = False, blank: bool = False) -> None:
        """End the line; `gap` asks for an empty one between blocks, `blank` allows an empty one."""
        prefix = "> " * min(9, self._quotes)
        text = "".join(self._line)
        text = text if text == SIGNATURE_LINE else text.rstrip()
        self._line = []
        if text.strip():
            if self._gap and self._lines and self._lines[-1].strip("> "):
                self._lines.append(prefix.rstrip() if self._lines[-1].startswith(">") else "")
            self._lines.append(prefix + text)
            self._gap = False
        elif blank and self._lines:
            self._lines.append(prefix.rstrip())
        self._gap |= gap and bool(self._lines)


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for count, match in enumerate(_ATTRIBUTE.finditer(text)):
        if count >= 60:
            break
        value = next((item for item in match.groups()[1:] if item is not None), "")
        found.setdefault(match[1].lower(), html.unescape(value[:4_000]))
    return found
