"""Pieces of Block Kit that the desk's messages are made of, within Slack's limits. Pure.

Above: `card`, `lines`, `drafts`. Below: `channels.slack.mrkdwn`, `channels.rendering`. What
customers and models wrote stands in plain text or is escaped: it can call nobody and mask no link.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.rendering import split_text
from channels.slack.mrkdwn import escape

Block = dict[str, Any]
SECTION = 3000
# All words of a message; Slack refuses those with more than about 13,200.
MOST = 12_000
_FIELD, _CONTEXT, _HEADER, _LABEL = 2000, 2000, 150, 75


@dataclass(frozen=True)
class Face:
    """Under whose name and picture a message of ours stands."""

    name: str = ""
    emoji: str | None = None
    picture: str | None = None


@dataclass(frozen=True)
class Post:
    """One message for Slack: words for notifications, blocks for the screen. `chat`: it does not
    belong into the thread, but into this Slack channel."""

    text: str
    blocks: tuple[Block, ...] = ()
    face: Face = Face()
    chat: str = ""


def header(text: str) -> Block:
    """A line in big letters."""
    most = _HEADER
    while len(escape(shown := cut(one_line(text), most))) > _HEADER:
        most -= 10
    return {"type": "header", "text": _plain(shown)}


def words(text: str, most: int = MOST) -> list[Block]:
    """What somebody wrote, as they wrote it: no sign in it means anything."""
    pieces = split_text(cut(text, most), SECTION)
    return [{"type": "section", "text": _plain(part)} for one in pieces for part in _fit(one)]


def fold(blocks: list[Block]) -> list[list[Block]]:
    """Blocks for as many messages as they need."""
    parts: list[list[Block]] = [[]]
    for block in blocks:
        size = len(json.dumps(block, ensure_ascii=False))
        before = sum(len(json.dumps(one, ensure_ascii=False)) for one in parts[-1])
        if parts[-1] and before + size > MOST:
            parts.append([])
        parts[-1].append(block)
    return parts


def section(mrkdwn: str) -> Block:
    """Our own words with markup; whatever is not ours in them was escaped."""
    text = cut(mrkdwn, SECTION)
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def fields(pairs: list[tuple[str, str]]) -> list[Block]:
    """Names and values side by side; the values are not ours."""
    found = [
        {"type": "mrkdwn", "verbatim": True, "text": f"*{name}*\n{safe(value, _FIELD // 8)}"}
        for name, value in pairs
        if value
    ]
    return [
        {"type": "section", "fields": found[start : start + 10]}
        for start in range(0, len(found), 10)
    ]


def context(mrkdwn: str) -> Block:
    """A small line; whatever is not ours in it was escaped."""
    text = {"type": "mrkdwn", "text": cut(mrkdwn, _CONTEXT), "verbatim": True}
    return {"type": "context", "elements": [text]}


def actions(name: str, elements: list[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": name, "elements": elements}


def button(action: str, label: str, value: str, style: str | None = None) -> Block:
    """One button; `style` is primary, danger or none."""
    made = {
        "type": "button", "action_id": action, "value": value,
        "text": {"type": "plain_text", "text": cut(label, _LABEL), "emoji": True},
    }  # fmt: skip
    return made | ({"style": style} if style else {})


def bullets(title: str, lines: list[str], most: int = 1500) -> list[Block]:
    """A titled list of what is not ours; nothing if it is empty."""
    shown = "\n".join(f"• {one_line(escape(cut(line, 400)))}" for line in lines if line.strip())
    return [section(f"*{title}*\n{cut(shown, most)}")] if shown else []


def quote(text: str, most: int = 600) -> str:
    """Words of somebody, set off."""
    lines = escape(cut(text.strip(), most)).splitlines()
    return "\n".join(f"> {line}" for line in lines)


def safe(text: str, most: int = 300) -> str:
    """Words of somebody within a line of ours: escaped, without signs that mark."""
    return escape(cut(one_line(text), most)).translate(_SIGNS)


def when(at: datetime, form: str = "{date_short_pretty} {time}") -> str:
    """A time that everybody sees in their own zone."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{form}|{fallback}>"


def one_line(text: str) -> str:
    """Without line breaks and runs of spaces."""
    return " ".join(text.split())


def cut(text: str, most: int) -> str:
    """At most so long; what is cut is seen to be."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


# Full-width twins of the signs of mrkdwn would change words; a zero-width joiner does not.
_SIGNS = str.maketrans({sign: f"\u2060{sign}\u2060" for sign in "*_~`"})


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": escape(text), "emoji": False}


def _fit(text: str) -> list[str]:
    """Pieces that are within a section also when they are escaped."""
    if len(escape(text)) <= SECTION or len(text) < 2:
        return [text]
    return [part for half in split_text(text, len(text) // 2 + 1) for part in _fit(half)]
