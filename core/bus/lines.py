"""An entry of the log as the store keeps it, made from one that was read, or from the archive.

Above: `restoring`, `core.archive.lives`. Below: `records`. Thousands of conversations may come back
at once: what was checked when it was written is not checked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.bus.records import body_json, content_digest, event_digest
from core.messages import Entry, EntryBody

_OF_THE_LOG = ("seq", "at", "epoch")


@dataclass(frozen=True, slots=True)
class Line:
    """`body` is its JSON, `at` milliseconds, `digest` what a repeat of the event is compared by."""

    seq: int
    body: str
    at: int
    epoch: int
    role: str
    id: str
    digest: str


def line_of(entry: Entry) -> Line:
    """The line of an entry."""
    fields = {name: getattr(entry, name) for name in EntryBody.model_fields}
    body = body_json(EntryBody.model_construct(**fields))
    at = round(entry.at.timestamp() * 1000)
    digest = event_digest(entry)
    return Line(entry.seq, body, at, entry.epoch, entry.author.role, entry.id, digest)


def line_of_archived(raw: dict[str, Any]) -> Line:
    """The line of an entry as the archive keeps it (JSON without defaults)."""
    body = {name: value for name, value in raw.items() if name not in _OF_THE_LOG}
    role, kind = body["author"]["role"], body.get("kind", "message")
    digest = content_digest(kind, body.get("action"), body.get("value"), role, body.get("text", ""))
    at = round(datetime.fromisoformat(raw["at"]).timestamp() * 1000)
    text = orjson.dumps(body).decode()
    return Line(raw["seq"], text, at, raw.get("epoch", 0), role, body["id"], digest)
