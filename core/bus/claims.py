"""From what the claim script answers to a claim: what a reader has to read, and the window before.

Above: `log`. Below: `records`, `core.conversation`. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from core.bus.records import pair, parse_entries, parse_head
from core.conversation import Claim
from core.errors import BusError
from core.ids import ConversationId
from core.messages import CHANGES, Entry


def parse_claim(reader: str, conversation: ConversationId, wake: str, result: Any) -> Claim:
    """The claim that the script answered with. Raises `BusError` if it shows nothing."""
    head = parse_head(conversation, result[3])
    entries = parse_entries(result[4])
    if not entries and reader != "case":  # which an alarm may have woken
        raise BusError("a claim without entries")
    if head.each and reader == "engine":
        entries = _until_first_question(entries)
    history = parse_entries(reversed(result[5]))
    raw = pair(result[3])
    return Claim.model_construct(
        conversation=conversation,
        reader=reader,
        token=result[1],
        wake=wake,
        epoch=head.epoch,
        attempts=int(raw.get(b"a:" + reader.encode()) or 1),
        head=head,
        entries=tuple(entries),
        history=tuple(history),
        state=orjson.loads(result[6]) if result[6] else {},
        at=datetime.fromtimestamp(result[2] / 1000, UTC),
    )


def _until_first_question(entries: list[Entry]) -> list[Entry]:
    """Everything up to and with the first entry that the customer wants answered, and the changes
    of its words right behind it."""
    first = next((at for at, entry in enumerate(entries) if _is_question(entry)), len(entries))
    behind = first + 1
    while behind < len(entries) and entries[behind].action in CHANGES:
        behind += 1
    return entries[:behind]


def _is_question(entry: Entry) -> bool:
    return entry.author.role == "customer" and (entry.kind == "message" or entry.action == "button")
