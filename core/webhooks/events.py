"""What is told to other systems: from a line of the journal, or of a ticket's history, to an event.

Above: `outbox`, `core.tickets.telling`. Below: `core.bus.journal`. Pure. The id is derived from
conversation and sequence (of a ticket: from the key of the deed), so a line that is read again
gives the same event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from core.bus.journal import JournalRecord
from core.messages import Entry, Frozen, format_time

EventType = Literal[
    "conversation.created",
    "conversation.escalated",
    "conversation.taken",
    "conversation.released",
    "conversation.closed",
    "conversation.reopened",
    "conversation.rated",
    "message.created",
    "message.edited",
    "message.deleted",
    "note.created",
    "ticket.opened",
    "ticket.changed",
    "ticket.replied",
    "ticket.noted",
    "ticket.merged",
    "ticket.unmerged",
    "test",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
# Standard Webhooks: a payload should stay under about 20 kB; words are most of it.
MOST_TEXT = 6_000
# A hand-over is told by its case, which holds what people need to know; not by the act as well.
_ACTS: dict[str, EventType] = {
    "take": "conversation.taken",
    "assign": "conversation.taken",
    "release": "conversation.released",
    "close": "conversation.closed",
    "reopen": "conversation.reopened",
    "rate": "conversation.rated",
    "edit": "message.edited",
    "delete": "message.deleted",
}
_DEEDS: dict[str, EventType] = {
    "opened": "ticket.opened",
    "changed": "ticket.changed",
    "linked": "ticket.changed",
    "reply": "ticket.replied",
    "note": "ticket.noted",
    "merged": "ticket.merged",
    "unmerged": "ticket.unmerged",
}
_TOLD = ("position", "kind", "by", "side", "internal", "state", "priority", "changes")
_CASE = ("reason", "rule", "span", "priority", "language", "specialist", "contact", "summary")


class WebhookEvent(Frozen):
    """Something that happened; `id` is the same however often it is told."""

    id: str
    type: EventType
    at: datetime
    data: dict[str, Any]

    def payload(self) -> dict[str, Any]:
        """The body of the request, as Standard Webhooks has it."""
        return {"type": self.type, "timestamp": format_time(self.at), "data": self.data}


def events_of(record: JournalRecord) -> Iterator[WebhookEvent]:
    """What a line of the journal tells. Drafts are the desk's own and tell nothing."""
    entry = record.entry
    if entry is not None:
        if entry.seq == 1:
            yield _make(record, "conversation.created", {})
        kind = _type_of(entry)
        if kind is not None:
            yield _make(record, kind, _entry_data(entry))
    case = (record.receipt or {}).get("case")
    if case:
        told = {name: _short(case.get(name)) for name in _CASE}
        yield _make(record, "conversation.escalated", {"case": told})


def event_of_ticket(line: Mapping[str, Any], conversation: str) -> WebhookEvent:
    """What a line of a ticket's history tells (a row of `ticket_events`)."""
    told = {name: line[name] for name in _TOLD} | {"note": _short(line["note"])}
    data = {"conversation": conversation, "ticket": line["ticket"], "event": told}
    kind = _DEEDS[line["kind"]]
    return WebhookEvent(id=_id_of(f"ticket:{line['key']}"), type=kind, at=line["at"], data=data)


def _type_of(entry: Entry) -> EventType | None:
    if entry.kind == "message":
        return "message.created"
    if entry.kind == "note":
        return "note.created"
    return _ACTS.get(entry.action or "")


def _make(record: JournalRecord, kind: EventType, data: dict[str, Any]) -> WebhookEvent:
    name = f"{record.conversation}:{record.seq}:{kind}"
    fields = {"conversation": record.conversation, "seq": record.seq, **data}
    return WebhookEvent(id=_id_of(name), type=kind, at=record.at, data=fields)


def _id_of(name: str) -> str:
    return f"msg_{hashlib.blake2s(name.encode(), digest_size=16).hexdigest()}"


def _entry_data(entry: Entry) -> dict[str, Any]:
    shape = entry.public()
    shape.pop("parts", None)
    shape["text"] = _short(entry.text)
    if len(entry.text) > MOST_TEXT:
        shape["truncated"] = True
    return {"entry": shape}


def _short(value: Any) -> Any:
    return value[:MOST_TEXT] if isinstance(value, str) else value
