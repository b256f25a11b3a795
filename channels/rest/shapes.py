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
    original: str | None = Field(
        default=None, description="For the desk: what the author wrote; `text` is its translation."
    )
    original_language: str | None = None


class FileShape(Shape):
    """A file that was taken; its id goes into the `attachments` of a message."""

    id: str
    name: str
    media_type: str = Field(description="Found out from its bytes.")
    size: int
    url: str = Field(description="Opens for a while.")


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


class Links(Shape):
    """A token for one use within minutes, and where it can be used."""

    token: str
    expires_at: str
    telegram: str | None = None
    slack: str | None = None
    web: str | None = Field(default=None, description="Opens it in the widget of your page.")


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


class SpecialistShape(Shape):
    """One specialist, and how busy it is: now, and in the last hour."""

    name: str
    description: str
    status: Literal["idle", "busy"]
    active_turns: int
    turns_last_hour: int
    mean_seconds: float
    p95_seconds: float
    escalation_share: float = Field(description="Share of its turns that a person took over.")
    languages: list[str]
    tools: list[str]
    categories: list[str]
    consult: list[str]


class Specialists(Shape):
    """Who answers here."""

    specialists: list[SpecialistShape]


class Approval(Shape):
    """An act that waits, or waited, for a person: exactly this call is done after a yes."""

    id: str
    status: Literal["waiting", "approved", "rejected", "settled"]
    conversation: str
    contact: str | None
    level: int = Field(description="How well the contact was identified, 0-3.")
    tool: str
    arguments: dict[str, Any]
    facts: dict[str, str]
    asked_at: str = Time
    decision: Literal["approve", "reject"] | None
    decided_by: str | None
    decided_at: str | None
    comment: str | None
    result: dict[str, Any] | None


class Approvals(Shape):
    """The longest waiting first."""

    approvals: list[Approval]


class Correction(Shape):
    """What triage should have said; an example once it is accepted."""

    id: str
    status: Literal["proposed", "accepted", "rejected"]
    text: str
    language: str
    kind: str | None
    specialist: str | None
    intent: str | None
    priority: str | None
    sentiment: str | None
    conversation: str | None
    comment: str | None
    proposed_by: str
    proposed_at: str = Time
    reviewed_by: str | None
    reviewed_at: str | None


class Corrections(Shape):
    """The oldest first."""

    corrections: list[Correction]


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


class Gap(Shape):
    """A topic that was asked about and not answered. `missing`: no article is about it; `failing`:
    `nearest` is, and does not answer."""

    title: str
    count: int
    kind: Literal["missing", "failing"]
    nearest: dict[str, Any] | None
    languages: dict[str, int]
    reasons: dict[str, int]
    first_at: str
    last_at: str
    examples: list[str]
    conversations: list[str]


class Gaps(Shape):
    """The most asked first."""

    gaps: list[Gap]
