"""Addresses in a header: names and addresses, tolerant and bounded. Pure; never raises.

Above: `parsing`, `decode`, `encode`, `automatic`. Below: `headers`.
"""

from __future__ import annotations

import re

from channels.email.headers import decode_words

_MOST_TEXT = 16_000
_MOST = 100
# What we are ready to write to: nothing that could end a line, a header or a command.
_ADDRESS = re.compile(
    r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?"
)
_QUOTED_LOCAL = re.compile(r'"([^"\\\s@<>,;:]{1,64})"@')


def is_address(text: str) -> bool:
    """True if mail can be written there."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def normalise(address: str) -> str:
    """How we tell addresses apart: without case."""
    return address.strip().casefold()


def without_tag(address: str) -> str:
    """`name+tag@domain` → `name@domain`."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def read_addresses(text: str) -> list[tuple[str, str]]:
    """(name, address) of each mailbox; group names and comments are dropped."""
    found: list[tuple[str, str]] = []
    for item in _split(text[:_MOST_TEXT]):
        pair = _read_one(item)
        if pair is not None:
            found.append(pair)
            if len(found) >= _MOST:
                break
    return found


def first_address(text: str) -> tuple[str, str]:
    """The first (name, address), or two empty texts."""
    return next(iter(read_addresses(text)), ("", ""))


def _split(text: str) -> list[str]:  # noqa: C901 -- one state machine, letter by letter
    """At commas, semicolons and group colons outside of quotes, comments and angle brackets."""
    items: list[str] = []
    piece: list[str] = []
    quoted, depth, angle, escaped = False, 0, False, False
    for letter in text:
        if escaped:
            escaped = False
            if depth == 0:
                piece.append(letter)
            continue
        if letter == "\\" and (quoted or depth):
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
            piece.append(letter)
        elif quoted:
            piece.append(letter)
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif letter in "<>":
            angle = letter == "<"
            piece.append(letter)
        elif letter in ",;" and not angle:
            items.append("".join(piece))
            piece = []
        elif letter == ":" and not angle and not {"@", "="} & set(piece[-80:]):
            piece = []  # the name of a group
        else:
            piece.append(letter)
    items.append("".join(piece))
    return items


def _read_one(item: str) -> tuple[str, str] | None:
    item = _QUOTED_LOCAL.sub(r"\1@", item.strip())
    start = item.rfind("<")
    inside = item[start + 1 :].partition(">")[0] if start >= 0 else item
    plain = _ascii_domain(inside.strip())
    # An address before a colon is the name of a group, whoever wrote it without quotes.
    match = _ADDRESS.search(plain.rpartition(":")[2]) or _ADDRESS.search(plain)
    if match is None or len(match[0]) > 254:
        return None
    name = item[:start] if start >= 0 else ""
    return decode_words(name.strip().strip("\"'").strip(), most=200), match[0]


def _ascii_domain(address: str) -> str:
    return address.replace("\u3002", ".").replace("\uff20", "@")
