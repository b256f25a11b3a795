"""What is said: addresses, authors, inbound events and the entries of a conversation's log.

Above: everything. Below: `ids`. All types are frozen values; wire shapes are those of
docs/interfaces (an entry is `{seq, id, at, kind, author, text, …}`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from core.ids import ConversationId, EntryId, EventId

Role = Literal["customer", "ai", "human_agent", "system"]
EntryKind = Literal["message", "note", "control", "draft"]
ControlAction = Literal["take", "release", "escalate", "close", "reopen", "rate", "button"]


class Frozen(BaseModel):
    """A value: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(Frozen):
    """Where a message comes from or goes to."""

    channel: str
    account: str = "default"
    chat: str
    thread: str | None = None


class Author(Frozen):
    """Who says it. `specialist` names the AI specialist of an `ai` author."""

    role: Role
    name: str = ""
    specialist: str | None = None


class Attachment(Frozen):
    """A file that travels with a message; `size` in bytes."""

    name: str
    media_type: str
    size: int
    url: str | None = None


class Citation(Frozen):
    """The evidence of an answer: where the words stand."""

    document: str
    title: str
    url: str | None = None
    span: str
    score: float


class Button(Frozen):
    """A choice offered to the customer; `value` comes back when it is pressed."""

    label: str
    value: str


class Buttons(Frozen):
    """A row of choices under a message."""

    type: Literal["buttons"] = "buttons"
    buttons: tuple[Button, ...]


class InboundEvent(Frozen):
    """Something that enters: a message, or an act (`control` with `action`).

    `id` is derived from the platform's id and is what makes a repeat recognisable. `sent_at` is
    the sender's clock and is informative only; order is the log's sequence.
    """

    id: EventId
    conversation: ConversationId
    kind: Literal["message", "note", "control"] = "message"
    address: Address
    author: Author
    text: str = ""
    action: ControlAction | None = None
    value: str | None = None
    in_reply_to: int | None = None
    attachments: tuple[Attachment, ...] = ()
    client_id: str | None = None
    language: str | None = None
    reason: str | None = None
    sent_at: datetime | None = None
    trace_id: str | None = None


class EntryBody(Frozen):
    """An entry before the server gave it its sequence and time: what is stored in the log."""

    id: EntryId
    kind: EntryKind = "message"
    author: Author
    text: str = ""
    parts: tuple[Buttons, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    citations: tuple[Citation, ...] = ()
    in_reply_to: int | None = None
    edited: bool = False
    reason: str | None = None
    action: ControlAction | None = None
    value: str | None = None
    address: Address | None = None
    client_id: str | None = None
    language: str | None = None
    trace_id: str | None = None


class Entry(EntryBody):
    """One item of a conversation's log. `epoch` is the owner's epoch at which it was written."""

    seq: int
    at: datetime
    epoch: int = 0

    def public(self) -> dict[str, Any]:
        """The shape that leaves over HTTP and Socket.IO: without addresses and empty fields."""
        shape: dict[str, Any] = {
            "seq": self.seq,
            "id": self.id,
            "at": format_time(self.at),
            "kind": self.kind,
            "author": self.author.model_dump(exclude_none=True),
            "text": self.text,
        }
        for name in ("parts", "attachments", "citations"):
            items = getattr(self, name)
            if items:
                shape[name] = [item.model_dump(exclude_none=True) for item in items]
        for name in ("in_reply_to", "reason", "action", "value", "client_id", "language"):
            value = getattr(self, name)
            if value is not None:
                shape[name] = value
        if self.edited:
            shape["edited"] = True
        return shape

    def is_for_customer(self) -> bool:
        """True if the customer may see it: no notes, no drafts."""
        return self.kind in {"message", "control"}


class Outbound(Frozen):
    """What delivery gives to an adapter: one entry, and where it goes.

    `attempt` counts from 1. `unsure` says that an earlier attempt began and never reported: it may
    have arrived, and a platform that can be asked should be asked before sending again.
    """

    conversation: ConversationId
    to: Address
    entry: Entry
    attempt: int = 1
    unsure: bool = False


class Receipt(Frozen):
    """The platform took it, under these ids of its own."""

    platform_ids: tuple[str, ...] = ()


def body_of(event: InboundEvent) -> EntryBody:
    """The log entry of an event: the same words under the same id."""
    return EntryBody(
        id=EntryId(event.id),
        kind=event.kind,
        author=event.author,
        text=event.text,
        attachments=event.attachments,
        in_reply_to=event.in_reply_to,
        reason=event.reason,
        action=event.action,
        value=event.value,
        address=event.address,
        client_id=event.client_id,
        language=event.language,
        trace_id=event.trace_id,
    )


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-01-31T09:30:00.125Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
