"""From an entry to what Slack is asked to post. Pure.

Above: `sending`. Below: `channels.rendering`, `mrkdwn`. One piece is one message: its words in a
section, its choices under it. Everything is within Slack's limits
before it leaves, because Slack refuses a message as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels.base import BARE_HOUSE, Capabilities, House
from channels.rendering import Piece, Rich, number_buttons, render, split_rich
from channels.slack.decode import CHOICES
from channels.slack.mrkdwn import escape, write_mrkdwn
from core.messages import Attachment, Button, Entry

SECTION = 3000
CAPABILITIES = Capabilities(
    max_text=SECTION, markup="mrkdwn", buttons=25, files=True, max_file=50_000_000, edits=True,
    typing=True, preview_seconds=1.0, asks=True,
)  # fmt: skip
EVENT_TYPE = "switchboard_entry"
_MOST_LABEL, _MOST_VALUE = 75, 2000


@dataclass(frozen=True)
class Post:
    """One message for Slack: words for notifications, blocks for the screen, and a mark by which
    it is found again."""

    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any]


def encode(entry: Entry, house: House = BARE_HOUSE) -> list[Post | Attachment]:
    """The messages and files of an entry, in order. Raises `UnsupportedContent`."""
    pieces = render(_fit_buttons(entry), CAPABILITIES, house.phrases, house.link)
    encoded: list[Post | Attachment] = []
    for piece in (part for whole in pieces for part in fit(whole)):
        if piece.attachment is not None:
            encoded.append(piece.attachment)
            continue
        blocks = [_section(piece)]
        if piece.buttons:
            blocks.append(_choices(piece.buttons))
        encoded.append(Post(escape(piece.text), blocks, mark(entry, len(encoded))))
    return encoded


def mark(entry: Entry, piece: int) -> dict[str, Any]:
    """The message's metadata, which Slack gives back when it is asked what was posted."""
    return {"event_type": EVENT_TYPE, "event_payload": {"entry": entry.id, "piece": piece}}


def is_marked(metadata: dict[str, Any] | None, entry: Entry, piece: int) -> bool:
    """True if a message in Slack is this piece of this entry."""
    payload: dict[str, Any] = (metadata or {}).get("event_payload") or {}
    return payload.get("entry") == entry.id and str(payload.get("piece")) == str(piece)


def fit(piece: Piece) -> list[Piece]:
    """Pieces that are within a section also when they are escaped and marked."""
    if len(write_mrkdwn(piece.text, piece.spans)) <= SECTION or len(piece.text) < 2:
        return [piece]
    halves = split_rich(Rich(piece.text, piece.spans), len(piece.text) // 2 + 1)
    parts = [part for half in halves for part in fit(Piece(half.text, spans=half.spans))]
    parts[-1] = Piece(parts[-1].text, piece.buttons, parts[-1].spans)
    return parts


def preview_text(text: str) -> str:
    """So much of an answer in the making as one message holds, its newest words included."""
    if len(escape(text)) <= SECTION:
        return escape(text)
    return escape("… " + text[-SECTION // 5 :])


def _fit_buttons(entry: Entry) -> Entry:
    """Choices whose value Slack would not carry become numbered lines."""
    buttons = tuple(button for row in entry.parts for button in row.buttons)
    if all(0 < len(button.value) <= _MOST_VALUE for button in buttons):
        return entry
    return entry.model_copy(update={"text": number_buttons(entry.text, buttons), "parts": ()})


def _section(piece: Piece) -> dict[str, Any]:
    # verbatim: Slack looks for no names and channels of its own in the words.
    words = write_mrkdwn(piece.text, piece.spans)
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def _choices(buttons: tuple[Button, ...]) -> dict[str, Any]:
    return {
        "type": "actions",
        "block_id": CHOICES,
        "elements": [_button(number, button) for number, button in enumerate(buttons)],
    }


def _button(number: int, button: Button) -> dict[str, Any]:
    label = " ".join(button.label.split()) or button.value
    if len(escape(label)) > _MOST_LABEL:
        label = label[: _MOST_LABEL - 1 - (len(escape(label)) - len(label))] + "…"
    text = {"type": "plain_text", "text": escape(label)[:_MOST_LABEL], "emoji": False}
    return {"type": "button", "action_id": f"choice_{number}", "text": text, "value": button.value}
