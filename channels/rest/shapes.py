"""Shapes of what REST answers, for the description of the API; a test holds the answers to them.

Above: routes, `openapi`. Below: pydantic. Answers are written by hand for speed and are not passed
through these.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.conversation import Owner, Status
from core.messages import Attachment, Author, Buttons, Citation, ControlAction, EntryKind

Time = Field(description="RFC 3339, UTC.")


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class EntryShape(Shape):
    """One item of a conversation's log."""

    seq: int
    id: str
    at: str = Time
    kind: EntryKind
    author: Author
    text: str
    parts: list[Buttons] = []
    attachments: list[Attachment] = []
    citations: list[Citation] = []
    in_reply_to: int | None = None
    edited: bool = False
    reason: str | None = None
    action: ControlAction | None = None
    value: str | None = None
    client_id: str | None = None
    language: str | None = None


class State(Shape):
    """Who has the conversation now."""

    owner: Owner
    specialist: str | None
    status: Status


class Opened(Shape):
    """A new conversation; the token opens it and nothing else."""

    id: str
    token: str
    seq: int | None = None


class Said(Shape):
    """The sequence under which the log has it; with `wait` also what was answered."""

    seq: int
    replies: list[EntryShape] = []
    state: State | None = None


class Conversation(Shape):
    """The state of a conversation."""

    id: str
    status: Status
    owner: Owner
    specialist: str | None
    channel: str | None
    contact: str | None
    language: str | None
    sentiment: str | None
    priority: str | None
    summary: str | None
    ticket: str | None
    entries: int = Field(description="How many sequences the log has.")
    tokens_used: int
    cost: float
    created_at: str = Time
    updated_at: str = Time


class Conversations(Shape):
    """A page of the list."""

    conversations: list[dict[str, Any]]
    next: str | None = Field(description="Cursor to the rest; null at the end.")


class Entries(Shape):
    """A page of the log."""

    entries: list[EntryShape]
    next: int = Field(description="The sequence to go on from.")


class Summary(Shape):
    """How the conversation went."""

    messages: int
    tokens: int
    minutes: float
    resolution: str | None


class Closed(Shape):
    """The end of a conversation."""

    status: Status
    summary: Summary


class Documents(Shape):
    """The documents of the knowledge base."""

    documents: list[dict[str, Any]]
    next: str | None


class Written(Shape):
    """The id of what was written."""

    id: str


class Specialists(Shape):
    """Who answers here."""

    specialists: list[dict[str, Any]]


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"]
    version: str


class Ready(Shape):
    """Whether messages can come in."""

    status: Literal["ok", "unavailable"]
    ready: bool


class Health(Shape):
    """Every component."""

    status: Literal["ok", "degraded"]
    version: str
    components: dict[str, Any]
