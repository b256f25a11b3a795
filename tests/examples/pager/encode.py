"""From an entry to the bodies of `POST /v1/messages`. Pure.

Above: `adapter`. Below: `channels.rendering`.
"""

from __future__ import annotations

from typing import Any

from channels.base import Capabilities, House
from channels.rendering import render, write_plain
from core.messages import Outbound

CAPABILITIES = Capabilities(
    max_text=500, buttons=4, files=False, edits=True, typing=True, preview_seconds=1.0
)


def encode(message: Outbound, house: House) -> list[dict[str, Any]]:
    """One body for each piece; the key lets the service recognise a repeat."""
    pieces = render(message.entry, CAPABILITIES, house.phrases, house.link)
    return [
        {
            "chat": message.to.chat,
            "text": write_plain(piece),
            "choices": [{"label": b.label, "value": b.value} for b in piece.buttons],
            "key": f"{message.conversation}:{message.entry.seq}:{number}",
        }
        for number, piece in enumerate(pieces)
    ]
