"""Reads tests/data/mails: raw mails with what is expected of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from channels.email.mail import MailRules

FOLDER = Path(__file__).parents[3] / "data" / "mails"
RULES = MailRules(
    own=frozenset({"help@shop.example", "sales@shop.example"}),
    forms=frozenset({"web@shop.example", "sales@shop.example"}),
    authserv_id="mx.shop.example",
)
_HEAD = {
    "From": "Jan Novak <jan@customer.example>",
    "To": "help@shop.example",
    "Subject": "Re: Your question",
    "Date": "Sat, 21 Nov 2026 10:00:00 +0100",
    "Message-ID": "<m1@customer.example>",
}


@dataclass(frozen=True)
class Case:
    """A mail and what is expected of it."""

    name: str
    raw: bytes
    expected: dict[str, Any]


def read_cases() -> list[Case]:
    """Every case of every file."""
    return [case for path in sorted(FOLDER.glob("*.mails")) for case in _read_file(path)]


def _read_file(path: Path) -> list[Case]:
    blocks = re.split(r"^##### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [_read_case(block) for block in blocks]


def _read_case(block: str) -> Case:
    name, _, rest = block.partition("\n")
    head, mark, mail = re.split(r"^(@(?:raw|text|html|body))\n", rest, maxsplit=1, flags=re.M)
    lines = head.split("\n")
    extra = [line.removeprefix("@headers ") for line in lines if line.startswith("@headers ")]
    expected = tomllib.loads("\n".join(line for line in lines if not line.startswith("@")))
    charset = expected.pop("charset", "utf-8")
    text = mail if mark == "@raw" else _mail(extra, mark, mail)
    if expected.pop("bytes", False):
        raw = re.sub(rb"\\x([0-9a-f]{2})", lambda hit: bytes([int(hit[1], 16)]), text.encode())
    else:
        raw = text.encode(charset)
    return Case(name, raw, expected)


def _mail(extra: list[str], mark: str, body: str) -> str:
    kind = "html" if mark == "@html" else "plain"
    head = {**_HEAD, "Content-Type": f"text/{kind}; charset=utf-8"}
    more: list[str] = []
    for line in extra:
        key, _, value = line.partition(": ")
        if key in head:
            head[key] = value
        else:
            more.append(line)
    if mark == "@body" and not any("Content-Type" in line for line in extra):
        del head["Content-Type"]
    return "\n".join([*(f"{key}: {value}" for key, value in head.items()), *more, "", body])
