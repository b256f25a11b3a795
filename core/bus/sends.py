"""What platforms called the messages that show an entry. Above: the desk. Below: `calls`."""

from __future__ import annotations

from typing import Any

import orjson

from core.bus.calls import Calls
from core.bus.keys import ConversationKeys


async def sent_ids(calls: Calls, conversation: str, seq: int, *, reader: str) -> tuple[str, ...]:
    """The ids under which this reader's entry was recorded as sent; none if it never was, or if
    nothing is known of it any more."""
    sends = ConversationKeys.of(conversation).sends
    raw = await calls.command("HGET", sends, f"{reader}:{seq}")
    if raw is None:
        return ()
    _, _, detail = raw.decode().split("|", 2) if raw.count(b"|") > 1 else ("", "", "")
    found: dict[str, Any] = orjson.loads(detail) if detail else {}
    return tuple(found.get("ids") or ())
