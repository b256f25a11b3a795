"""Reads the header of a mail or a part: tolerant, bounded, linear. Pure; never raises.

Above: `mime`, `parsing`, `automatic`, `authenticity`. Below: `charsets`.

The reader of the standard library takes half a minute for some headers of 250 kB. Here a header is
cut at limits that no honest mail reaches before anything else looks at it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from channels.email.charsets import decode_bytes
from core.text import clean_text

MOST_HEADER_BYTES = 256 * 1024
_MOST_FIELDS = 1_000
_MOST_VALUE = 32 * 1024
_MOST_WORDS = 400
_MOST_PARAMETERS = 100
_MOST_PARAMETER = 2_000
_NAME = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,4000}?)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]{1,20}(?==\?)")
_SPACES = re.compile(r"\s+")
_PARAMETER = re.compile(
    r";\s{0,200}([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,60})\s{0,20}=\s{0,20}"
    r"(?:\"((?:[^\"\\]|\\.){0,4000})\"|([^;\s]{0,4000}))"
)


class Headers:
    """The fields of a header in their order."""

    def __init__(self, fields: Iterable[tuple[str, bytes]], *, cut: bool = False) -> None:
        self._fields = list(fields)
        self.cut = cut

    def __iter__(self) -> Iterable[tuple[str, bytes]]:
        return iter(self._fields)

    def names(self) -> list[str]:
        """The names of all fields, lower case, from the top."""
        return [name for name, _ in self._fields]

    def all(self, name: str) -> list[str]:
        """Every value of a field as it stands there, unfolded, encoded words and all."""
        return [_unfold(value) for key, value in self._fields if key == name]

    def get(self, name: str) -> str:
        """The first value, or an empty text."""
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        """True if the field is there."""
        return any(key == name for key, _ in self._fields)

    def text(self, name: str) -> str:
        """The first value for people: decoded, clean, in one line."""
        return decode_words(self.get(name))


def read_headers(data: bytes) -> tuple[Headers, int]:
    """The header at the start of `data`, and where the body begins."""
    fields: list[tuple[str, bytes]] = []
    at, cut, end = 0, False, min(len(data), MOST_HEADER_BYTES)
    while at < end:
        newline = data.find(b"\n", at)
        stop = len(data) if newline < 0 else newline + 1
        line = data[at:stop].rstrip(b"\r\n")
        if not line:
            return Headers(fields, cut=cut), stop
        match = _NAME.match(line)
        if line[:1] in b" \t":
            cut |= not _append(fields, line)
        elif match is not None:
            if len(fields) < _MOST_FIELDS:
                fields.append((match[1].decode("ascii").lower(), line[match.end() :].strip()))
                cut |= len(line) > _MOST_VALUE
            else:
                cut = True
        elif line.startswith(b"--") or (fields and not line.startswith((b"From ", b">From "))):
            return Headers(fields, cut=cut), at  # the blank line is missing: the body begins
        at = stop
    if at >= len(data):
        return Headers(fields, cut=cut), len(data)
    return Headers(fields, cut=True), _find_body(data, at)


def _append(fields: list[tuple[str, bytes]], line: bytes) -> bool:
    """Add a folded line to the last field; False if that is too long already."""
    if not fields:
        return True
    name, value = fields[-1]
    if len(value) + len(line) > _MOST_VALUE:
        return False
    fields[-1] = (name, value + b" " + line.strip())
    return True


def _find_body(data: bytes, at: int) -> int:
    places = [place for mark in (b"\n\n", b"\n\r\n") if (place := data.find(mark, at - 2)) >= 0]
    return min(places) + 2 if places else len(data)


def _unfold(value: bytes) -> str:
    text = value[:_MOST_VALUE]
    return _SPACES.sub(" ", decode_bytes(text, "utf-8").replace("\x00", "")).strip()


def decode_words(text: str, *, most: int = 2_000) -> str:
    """Encoded words to text in one clean line: what they hide cannot add a header."""
    if "=?" in text:
        text = _decode_words(_BETWEEN_WORDS.sub(r"\1", text))
    return one_line(text, most=most)


def one_line(text: str, *, most: int = 2_000) -> str:
    """Clean, without line ends, cut."""
    return _SPACES.sub(" ", clean_text(text[: most * 2])).strip()[:most]


def _decode_words(text: str) -> str:
    """Neighbours of one charset are joined as bytes first: mailers tear letters apart."""
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for count, match in enumerate(_WORD.finditer(text)):
        if count >= _MOST_WORDS:
            break
        data = _word_bytes(match[2], match[3])
        name = match[1].partition("*")[0].casefold()
        if pending and (match.start() > at or name != charset or data is None):
            out.append(decode_bytes(pending, charset))
            pending = b""
        out.append(text[at : match.start()])
        if data is None:
            out.append(match[0])
        else:
            pending, charset = pending + data, name
        at = match.end()
    if pending:
        out.append(decode_bytes(pending, charset))
    return "".join([*out, text[at:]])


def _word_bytes(kind: str, payload: str) -> bytes | None:
    if kind in "bB":
        return decode_base64(payload.encode("ascii", "ignore"))
    raw = payload.replace("_", " ").encode("utf-8", "replace")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda hit: bytes([int(hit[1], 16)]), raw)


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def decode_base64(data: bytes) -> bytes:
    """Whatever can be read of it."""
    bare = _NOT_BASE64.sub(b"", data)
    if len(bare) % 4 == 1:
        bare = bare[:-1]
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return b""


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset="utf-8"` → the lower-case value and its parameters (RFC 2231 too)."""
    main = value.partition(";")[0].strip().casefold()[:200]
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count >= _MOST_PARAMETERS:
            break
        name = match[1].casefold()
        text = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(name, text[:_MOST_PARAMETER])
            continue
        number = rest.rstrip("*")
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
        encoded = rest == "" or rest.endswith("*")
        pieces.setdefault(base, {}).setdefault(place, (encoded, text))
    plain.update({base: _join(parts) for base, parts in pieces.items()})
    return main, plain


def _join(parts: dict[int, tuple[bool, str]]) -> str:
    charset, data = "", b""
    for place in sorted(parts):
        encoded, text = parts[place]
        if place == 0 and encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode_bytes(data, charset or "utf-8")[:_MOST_PARAMETER]
