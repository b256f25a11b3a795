"""What is said: addresses, authors, inbound events and the entries of a conversation's log.

Above: everything. Below: `ids`. All types are frozen values; wire shapes are those of
docs/interfaces (an entry is `{seq, id, at, kind, author, text, …}`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from core.ids import ConversationId, EntryId, EventId

Role = Literal["customer", "ai", "human_agent", "system"]
EntryKind = Literal["message", "note", "control", "draft"]
ControlAction = Literal[
    "take",
    "release",
    "escalate",
    "close",
    "reopen",
    "assign",
    "snooze",
    "prioritise",
    "discard",
    "save",
    "rate",
    "button",
    "approve",
    "reject",
    "edit",
    "delete",
]
# Acts that are not the customer's and still ask something of the engine: what a person decided
# about a tool call that waited for it.
DECISIONS: frozenset[str | None] = frozenset({"approve", "reject"})
# Acts of people on a case; `value`: `assign` the name of who has it from now on (which takes it for
# them), `snooze` the time until which it rests (RFC 3339; empty: it rests no more), `prioritise` a
# priority, `discard` the entry id of a draft that nobody wants, `save` the entry id of an answer
# that was put forward for the knowledge base.
DESK_ACTS: frozenset[str | None] = frozenset(
    {"take", "release", "escalate", "close", "assign", "snooze", "prioritise", "discard", "save"}
)
_INTERNAL = frozenset({"assign", "snooze", "prioritise", "discard", "save"})
# Acts of an author on a message of theirs, whose entry id is the act's `value`: `edit` brings the
# new text, `delete` takes the old one back. The log keeps both.
CHANGES: frozenset[str | None] = frozenset({"edit", "delete"})

_SHOWN = ("in_reply_to", "reason", "action", "value", "client_id", "language")
_SHOWN_TO_DESK = (*_SHOWN, "original", "original_language")


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
    """Who says it. `specialist` names the AI specialist of an `ai` author.

    `id` is which person it is (`slack:T1:U1`), for the log and the desk only; `avatar` is their
    picture, a file of our store.
    """

    role: Role
    name: str = ""
    specialist: str | None = None
    id: str | None = None
    avatar: str | None = None

    def public(self, link: Callable[[str], str] | None, *, desk: bool) -> dict[str, Any]:
        """See `Entry.public`."""
        shape = self.model_dump(exclude_none=True, exclude=None if desk else {"id"})
        if self.avatar is not None and link is not None:
            shape["avatar"] = link(self.avatar)
        return shape


class Attachment(Frozen):
    """A file that travels with a message; `size` in bytes, -1 if the platform does not say.

    `id` names it in our store, where its bytes are or will be put; `ref` is how the platform it
    came from calls it, for whoever fetches it there (never shown outside).
    """

    name: str
    media_type: str
    size: int
    url: str | None = None
    id: str | None = None
    ref: str | None = None


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
    the sender's clock and is informative only; order is the log's sequence. `original` is what the
    author wrote, in `original_language`, where `text` is its translation.
    """

    id: EventId
    conversation: ConversationId
    kind: Literal["message", "note", "control", "draft"] = "message"
    address: Address
    author: Author
    text: str = ""
    action: ControlAction | None = None
    value: str | None = None
    in_reply_to: int | None = None
    parts: tuple[Buttons, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    client_id: str | None = None
    language: str | None = None
    reason: str | None = None
    original: str | None = None
    original_language: str | None = None
    sent_at: datetime | None = None
    trace_id: str | None = None


class EntryBody(Frozen):
    """An entry before the server gave it its sequence and time: what is stored in the log.

    `original` is what the author wrote, in `original_language`, where `text` is its translation.
    """

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
    original: str | None = None
    original_language: str | None = None
    trace_id: str | None = None


class Entry(EntryBody):
    """One item of a conversation's log. `epoch` is the owner's epoch at which it was written."""

    seq: int
    at: datetime
    epoch: int = 0

    def public(
        self, link: Callable[[str], str] | None = None, *, desk: bool = False
    ) -> dict[str, Any]:
        """The shape that leaves over HTTP and Socket.IO: without addresses and empty fields.

        `link` gives files of ours an address that opens for a while; the log keeps ids only.
        `desk`: for people, who also see which person wrote it, and the words before translation.
        """
        shape: dict[str, Any] = {
            "seq": self.seq,
            "id": self.id,
            "at": format_time(self.at),
            "kind": self.kind,
            "author": self.author.public(link, desk=desk),
            "text": self.text,
        }
        shape |= self._items(link)
        names = _SHOWN_TO_DESK if desk else _SHOWN
        shape |= {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.edited:
            shape["edited"] = True
        if self.action == "release" and not desk:
            shape.pop("value", None)  # what people told the AI
        return shape

    def _items(self, link: Callable[[str], str] | None) -> dict[str, Any]:
        shape = {
            name: [item.model_dump(exclude_none=True, exclude={"ref"}) for item in items]
            for name in ("parts", "attachments", "citations")
            if (items := getattr(self, name))
        }
        if link is not None:
            for file in shape.get("attachments", ()):
                if "id" in file:
                    file["url"] = link(file["id"])
        return shape

    def is_for_customer(self) -> bool:
        """True if the customer may see it: no notes, no drafts, no acts that are the desk's own."""
        return self.kind in {"message", "control"} and self.action not in _INTERNAL


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
    sent_ids: tuple[str, ...] = ()
    preview: str | None = None


class Receipt(Frozen):
    """The platform took it, under these ids (of the shape that events of it have: `core.ids`)."""

    platform_ids: tuple[str, ...] = ()


def body_of(event: InboundEvent) -> EntryBody:
    """The log entry of an event: the same words under the same id."""
    return EntryBody(
        id=EntryId(event.id),
        kind=event.kind,
        author=event.author,
        text=event.text,
        parts=event.parts,
        attachments=event.attachments,
        in_reply_to=event.in_reply_to,
        reason=event.reason,
        action=event.action,
        value=event.value,
        address=event.address,
        client_id=event.client_id,
        language=event.language,
        original=event.original,
        original_language=event.original_language,
        trace_id=event.trace_id,
    )


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-01-31T09:30:00.125Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
