"""A ticket as a value. Above: tools, the desk, the API. Below: the vocabulary."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.messages import Frozen

TicketState = Literal["open", "in_progress", "pending", "resolved", "closed"]
TicketPriority = Literal["low", "medium", "high", "urgent"]
Origin = Literal["ai", "desk", "api", "mail", "follow_up"]
Side = Literal["customer", "desk", "ai", "system"]
EventKind = Literal["opened", "changed", "note", "reply", "linked", "merged", "unmerged"]
# As seen from the ticket that is shown; the first three are kept, the others are their reverse.
LinkKind = Literal["duplicate_of", "follow_up_of", "related", "duplicate", "follow_up"]
ChangedField = Literal["state", "priority", "subject", "tags", "assignee"]


class Actor(Frozen):
    """Who does something to a ticket."""

    name: str
    side: Side = "desk"


class FieldChange(Frozen):
    """What a field was and what it is from then on."""

    field: ChangedField
    before: Any
    after: Any


class TicketEvent(Frozen):
    """Something that happened to a ticket; `state` and `priority` are set when they changed.

    `internal`: for the desk only.
    """

    at: datetime
    by: str
    side: Side = "desk"
    kind: EventKind = "changed"
    internal: bool = False
    note: str = ""
    state: TicketState | None = None
    priority: TicketPriority | None = None
    changes: tuple[FieldChange, ...] = ()


class TicketLink(Frozen):
    """Another ticket that has to do with this one."""

    kind: LinkKind
    other: str


class Pause(Frozen):
    """A time in which a ticket's clocks rested; `until` None: they still do."""

    since: datetime
    until: datetime | None = None


class Ticket(Frozen):
    """The durable record of a problem; `history` is oldest first and begins with its opening.

    `conversation` is the one it was opened in (empty: none), `conversations` are all it belongs to.
    `duplicate_of`: it was merged into that one. `level` says how well `contact` was proved.
    """

    number: str
    conversation: str
    contact: str | None = None
    level: int = 0
    state: TicketState = "open"
    priority: TicketPriority = "medium"
    subject: str
    body: str = ""
    tags: tuple[str, ...] = ()
    assignee: str | None = None
    origin: Origin = "api"
    duplicate_of: str | None = None
    pauses: tuple[Pause, ...] = ()
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    conversations: tuple[str, ...] = ()
    links: tuple[TicketLink, ...] = ()
    history: tuple[TicketEvent, ...] = ()


class NewTicket(Frozen):
    """What a ticket is opened with."""

    subject: str
    body: str = ""
    priority: TicketPriority = "medium"
    tags: tuple[str, ...] = ()
    assignee: str | None = None
    origin: Origin = "ai"


class TicketChange(Frozen):
    """What is done to a ticket; None leaves it as it is, an empty `assignee` takes it from whoever
    has it. `kind` is what the note is; a `reply` was said to the other side."""

    note: str = ""
    kind: Literal["changed", "note", "reply"] = "changed"
    internal: bool = False
    state: TicketState | None = None
    priority: TicketPriority | None = None
    subject: str | None = None
    tags: tuple[str, ...] | None = None
    assignee: str | None = None
