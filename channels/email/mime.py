"""Takes a mail apart into its parts, within limits: so deep, so many. Pure; never raises.

Above: `parsing`. Below: `headers`, `charsets`. Each part is looked at once per level, so a mail of
hundred thousand parts costs what its bytes cost.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass, field

from channels.email.headers import (
    Headers,
    decode_base64,
    decode_words,
    read_headers,
    read_parameters,
)  # fmt: skip

_DEPTH = 10
_PARTS = 200
_UUENCODED = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.MULTILINE)


@dataclass
class Part:
    """A leaf: its type, its bytes decoded, and how it wants to be shown."""

    headers: Headers
    media_type: str
    parameters: dict[str, str]
    body: bytes
    disposition: str = ""
    name: str = ""
    content_id: str = ""
    # The kinds of multipart around it, outermost first, and its place in the innermost.
    around: tuple[str, ...] = ()
    place: int = 0

    @property
    def is_attached(self) -> bool:
        """True if the mail says that it is a file."""
        return self.disposition == "attachment"


@dataclass
class Parts:
    """All leaves of a mail in order, and what had to be left out."""

    leaves: list[Part] = field(default_factory=list[Part])
    notes: list[str] = field(default_factory=list[str])
    count: int = 0

    def note(self, text: str) -> None:
        """Say once what was left out."""
        if text not in self.notes:
            self.notes.append(text)


def take_apart(headers: Headers, body: bytes) -> Parts:
    """The leaves of a mail whose header is read."""
    parts = Parts()
    _walk(parts, headers, body, (), 0)
    return parts


def _walk(parts: Parts, headers: Headers, body: bytes, around: tuple[str, ...], place: int) -> None:
    if parts.count >= _PARTS:
        parts.note("too many parts")
        return
    parts.count += 1
    media_type, parameters = read_parameters(headers.get("content-type"))
    default = "message/rfc822" if around and around[-1] == "digest" else "text/plain"
    if "/" not in media_type:
        media_type = default
    boundary = parameters.get("boundary", "").rstrip()
    if media_type.startswith("multipart/") and boundary:
        if len(around) >= _DEPTH:
            parts.note("nested too deep")
            return
        kind = media_type.partition("/")[2]
        for number, piece in enumerate(_split(parts, body, boundary)):
            inner, start = read_headers(piece)
            _walk(parts, inner, piece[start:], (*around, kind), number)
        return
    if media_type.startswith("multipart/"):
        media_type = default  # no boundary: what is there is text
    parts.leaves.append(_leaf(headers, media_type, parameters, body, around, place))


def _split(parts: Parts, body: bytes, boundary: str) -> list[bytes]:
    """The pieces between the lines of this boundary; an end that is missing is the end."""
    mark = b"--" + re.escape(boundary[:200].encode("utf-8", "replace"))
    lines = re.compile(rb"(?:^|(?<=\n))" + mark + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    pieces: list[bytes] = []
    start = -1
    for match in lines.finditer(body):
        if start >= 0:
            pieces.append(_without_last_newline(body[start : match.start()]))
        start = -1 if match[1] else match.end()
        if match[1] or len(pieces) > _PARTS:
            break
    if len(pieces) > _PARTS:
        parts.note("too many parts")
    elif start >= 0:
        parts.note("cut short")
        pieces.append(body[start:])
    return pieces or [b"\n" + body]


def _without_last_newline(data: bytes) -> bytes:
    if data.endswith(b"\r\n"):
        return data[:-2]
    return data[:-1] if data.endswith(b"\n") else data


def _leaf(
    headers: Headers, media_type: str, parameters: dict[str, str], body: bytes,
    around: tuple[str, ...], place: int,
) -> Part:  # fmt: skip
    disposition, extra = read_parameters(headers.get("content-disposition"))
    name = extra.get("filename") or parameters.get("name", "")
    encoding = headers.get("content-transfer-encoding").partition(";")[0].strip().casefold()
    return Part(
        headers=headers, media_type=media_type, parameters=parameters,
        body=_decode(body, encoding), disposition=disposition,
        name=decode_words(name, most=200),
        content_id=headers.get("content-id").strip("<> ")[:200], around=around, place=place,
    )  # fmt: skip


def _decode(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return decode_base64(body)
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        match = _UUENCODED.search(body)
        return decode_uu(body[match.end() :]) if match else body
    return body


def decode_uu(data: bytes) -> bytes:
    """The old way to put files into mails, up to its `end`."""
    out = bytearray()
    for line in data.splitlines():
        if line.strip() == b"end":
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            continue
    return bytes(out)


def split_uu(body: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text and the files that stand in it uuencoded."""
    files: list[tuple[str, bytes]] = []
    while len(files) < 20 and (match := _UUENCODED.search(body)) is not None:
        end = re.compile(rb"^end\s*$", re.MULTILINE).search(body, match.end())
        if end is None:
            break
        name = match[1].decode("utf-8", "replace").strip()
        files.append((name, decode_uu(body[match.end() : end.end()])))
        body = body[: match.start()] + body[end.end() :]
    return body, files
