"""Cuts a document into passages along its headings and paragraphs. Pure.

Above: `kb.ingest`. Below: `kb.documents`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.documents import Draft, Piece

# A passage should answer one question: longer ones blur the vector, shorter ones lose context.
TARGET = 700
LONGEST = 1100
# The last sentence of a passage begins the next one of the same section, if it is no longer: what
# refers to it ("this also holds for …") is understood, and found.
OVERLAP = 160

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\((\S+?)(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_BULLET = re.compile(r"^(\s*)[*+]\s+")
_LIST_LINE = re.compile(r"^\s*(?:[-*+|]|\d{1,2}[.)])\s*")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^\W_a-zа-яё]|[\"'«„“¿¡(])")


def cut(draft: Draft) -> list[Piece]:
    """The passages of a document, in order; none for a document without text."""
    if not draft.markdown:
        return [Piece("", text) for text in _pack(_paragraphs(draft.text))]
    pieces: list[Piece] = []
    for heading, body in _sections(draft):
        pieces += [Piece(heading, text) for text in _pack(_paragraphs(plain(body)))]
    return pieces


def plain(markdown: str) -> str:
    """Markdown as the plain text a customer reads: no marks, links as `text (address)`."""
    lines = (line for line in markdown.split("\n") if not _FENCE.match(line))
    text = _COMMENT.sub("", "\n".join(lines))
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(_unlink, text)
    text = _CODE.sub(r"\1", text)
    text = _EMPHASIS.sub(r"\2", text)
    return "\n".join(_BULLET.sub(r"\1- ", line).rstrip() for line in text.split("\n"))


def sentences(text: str) -> list[str]:
    """The sentences of a text; lines of a list are sentences of their own."""
    found: list[str] = []
    for line in text.split("\n"):
        found += [part for part in _SENTENCE.split(line.strip()) if part]
    return found


def _unlink(match: re.Match[str]) -> str:
    text, address = match[1], match[2]
    shown = address.startswith(("http://", "https://", "mailto:")) and address not in text
    return f"{text} ({address.removeprefix('mailto:')})" if shown else text


def _sections(draft: Draft) -> Iterator[tuple[str, str]]:
    """Each heading path with the lines below it; the document's own title is not repeated."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in draft.text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield _path(path, draft.title), "\n".join(lines)
        lines = []
        level = len(heading[1])
        path = [item for item in path if item[0] < level]
        path.append((level, plain(heading[2])))
    yield _path(path, draft.title), "\n".join(lines)


def _path(path: list[tuple[int, str]], title: str) -> str:
    return " › ".join(name for _, name in path if name != title)


def _paragraphs(text: str) -> list[str]:
    found = [part.strip("\n") for part in re.split(r"\n\s*\n", text)]
    return [part for part in found if part.strip()]


def _pack(paragraphs: list[str]) -> list[str]:
    """Paragraphs joined up to the target; one that is too long is cut between sentences."""
    packed: list[str] = []
    for paragraph in paragraphs:
        for part in _split(paragraph):
            if packed and len(packed[-1]) + len(part) + 2 <= TARGET:
                packed[-1] += "\n\n" + part
            else:
                packed.append(part)
    return [_after(before, part) for before, part in zip(["", *packed], packed, strict=False)]


def _after(before: str, part: str) -> str:
    """A passage with the end of the one before it, if that is a short sentence of running text."""
    last = sentences(before)[-1] if before else ""
    if not last or len(last) > OVERLAP or len(last) + len(part) > LONGEST:
        return part
    return part if _LIST_LINE.match(last) or _LIST_LINE.match(part) else f"{last} {part}"


def _split(paragraph: str) -> list[str]:
    if len(paragraph) <= LONGEST:
        return [paragraph]
    parts: list[str] = []
    for sentence in _bounded(paragraph):
        if parts and len(parts[-1]) + len(sentence) + 1 <= TARGET:
            parts[-1] += " " + sentence
        else:
            parts.append(sentence)
    return parts


def _bounded(paragraph: str) -> Iterator[str]:
    """Sentences, none above the longest passage even when the text has no full stop."""
    for sentence in sentences(paragraph):
        rest = sentence
        while len(rest) > LONGEST:
            space = rest.rfind(" ", 0, LONGEST)
            end = space if space > LONGEST // 2 else LONGEST
            yield rest[:end].strip()
            rest = rest[end:].strip()
        if rest:
            yield rest
