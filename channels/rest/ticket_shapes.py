"""Shapes of tickets over REST, and a ticket as customers and as people of the desk see it.

Above: `tickets`, `desk_routes`. Below: `core.tickets`. A customer sees what was said and how it
stands; who has it, tags, promises and internal notes are the desk's own.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from channels.rest.models import Body
from channels.rest.shapes import Shape, Time
from core.messages import format_time
from core.tickets.clocks import TicketClocks
from core.tickets.merging import Likely
from core.tickets.records import LinkKind, Origin, Side, Ticket, TicketEvent

TicketStatus = Literal["open", "in_progress", "pending", "resolved", "closed"]
TicketUrgency = Literal["low", "medium", "high", "urgent"]
_NAMES = {"state": "status"}
# What a customer sees of a history.
_PUBLIC = frozenset({"opened", "reply"})


class OpenTicket(Body):
    """A problem to remember."""

    subject: str = Field(min_length=1, max_length=200, examples=["The grinder does not turn"])
    body: str = Field(default="", max_length=4_000)
    priority: TicketUrgency = "medium"
    tags: list[str] = Field(default=[], max_length=8, examples=[["grinder", "warranty"]])
    assignee: str | None = Field(default=None, max_length=100, description="Who has it.")
    conversation: str | None = Field(default=None, max_length=80)
    contact: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=100, description="Who opens it.")


class TicketPatch(Body):
    """What changes; what is not named stays."""

    status: TicketStatus | None = None
    priority: TicketUrgency | None = None
    subject: str | None = Field(default=None, min_length=1, max_length=200)
    tags: list[str] | None = Field(default=None, max_length=8)
    assignee: str | None = Field(
        default=None, max_length=100, description="Who has it; empty: nobody.", examples=["Eva"]
    )
    note: str | None = Field(default=None, max_length=2_000, description="Why, for the history.")
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class TicketReply(Body):
    """Words about a ticket, for the other side."""

    text: str = Field(min_length=1, max_length=2_000)
    internal: bool = Field(default=False, description="A note of the desk: not for the customer.")
    name: str | None = Field(default=None, max_length=100, description="Who says it.")


class TicketLinkTo(Body):
    """What a ticket has to do with: another ticket, or one more conversation."""

    ticket: str | None = Field(default=None, max_length=40, examples=["T-7Q2MX9KD"])
    conversation: str | None = Field(default=None, max_length=80)
    name: str | None = Field(default=None, max_length=100, description="Who says so.")


class TicketMerge(Body):
    """The ticket that stands for both from now on."""

    into: str = Field(min_length=3, max_length=40, examples=["T-7Q2MX9KD"])
    anyway: bool = Field(default=False, description="Though they are of different people.")
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class TicketAct(Body):
    """Who does it."""

    name: str | None = Field(default=None, max_length=100)


class TicketMove(Shape):
    """What a field was, and what it is since."""

    field: str
    before: Any = None
    after: Any = None


class TicketDeed(Shape):
    """Something that happened to a ticket."""

    at: str = Time
    by: str
    side: Side
    kind: Literal["opened", "changed", "note", "reply", "linked", "merged", "unmerged"]
    internal: bool
    note: str
    status: TicketStatus | None
    priority: TicketUrgency | None
    changes: list[TicketMove]


class TicketLinkShape(Shape):
    """Another ticket: this one is its duplicate, follows it, or has it as one."""

    kind: LinkKind
    ticket: str


class TicketClockShape(Shape):
    """One promise."""

    due: str | None
    state: Literal["none", "met", "missed", "runs", "soon", "broken", "paused"]


class TicketSla(Shape):
    """Both promises, in the desk's hours."""

    first_reply: TicketClockShape
    resolution: TicketClockShape


class TicketShape(Shape):
    """The durable record of a problem; the history is oldest first."""

    id: str = Field(description="Its number, as people read it out.")
    status: TicketStatus
    priority: TicketUrgency
    subject: str
    body: str
    tags: list[str]
    assignee: str | None
    origin: Origin | None = Field(description="What opened it.")
    conversation: str | None
    conversations: list[str] = Field(description="All it belongs to.")
    contact: str | None
    links: list[TicketLinkShape]
    duplicate_of: str | None = Field(description="It was merged into that one.")
    sla: TicketSla | None
    created_at: str = Time
    updated_at: str = Time
    resolved_at: str | None
    history: list[TicketDeed]


class TicketPage(Shape):
    """Last changed first, without history."""

    tickets: list[TicketShape]
    next: str | None


class TicketLikely(Shape):
    """A ticket that may be about the same."""

    score: float = Field(description="0 to 1.")
    ticket: TicketShape


class TicketLikelies(Shape):
    """The likeliest first."""

    duplicates: list[TicketLikely]


def show_ticket(ticket: Ticket, sla: TicketClocks | None, *, now: Any = None) -> dict[str, Any]:
    """As REST shows it. Without clocks: to its customer."""
    staff = sla is not None
    history = [deed for deed in ticket.history if staff or _is_public(deed)]
    own = [ticket.conversation] if ticket.conversation else []
    return {
        "id": ticket.number, "status": ticket.state, "priority": ticket.priority,
        "subject": ticket.subject, "body": ticket.body, "tags": list(ticket.tags) if staff else [],
        "assignee": ticket.assignee if staff else None, "origin": ticket.origin if staff else None,
        "conversation": ticket.conversation or None,
        "conversations": list(ticket.conversations) if staff else own,
        "contact": ticket.contact,
        "links": [
            {"kind": link.kind, "ticket": link.other} for link in ticket.links if staff
        ],
        "duplicate_of": ticket.duplicate_of,
        "sla": sla.public(now) if sla is not None else None,
        "created_at": format_time(ticket.created_at), "updated_at": format_time(ticket.updated_at),
        "resolved_at": format_time(ticket.resolved_at) if ticket.resolved_at else None,
        "history": [_show_deed(deed, staff=staff) for deed in history],
    }  # fmt: skip


def show_likely(likely: Likely, sla: TicketClocks, now: Any) -> dict[str, Any]:
    """As REST shows it."""
    return {"score": likely.score, "ticket": show_ticket(likely.ticket, sla, now=now)}


def _is_public(deed: TicketEvent) -> bool:
    """True for what was said to the customer, and for changes of how it stands."""
    if deed.kind == "changed":
        return deed.state is not None
    return deed.kind in _PUBLIC and not deed.internal


def _show_deed(deed: TicketEvent, *, staff: bool) -> dict[str, Any]:
    said = staff or deed.kind == "reply"
    return {
        "at": format_time(deed.at), "by": deed.by, "side": deed.side, "kind": deed.kind,
        "internal": deed.internal and staff, "note": deed.note if said else "",
        "status": deed.state, "priority": deed.priority if staff else None,
        "changes": [
            {
                "field": _NAMES.get(change.field, change.field),
                "before": change.before, "after": change.after,
            }
            for change in deed.changes
            if staff or change.field == "state"
        ],
    }  # fmt: skip
