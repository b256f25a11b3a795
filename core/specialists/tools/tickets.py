"""The tools that write tickets. Above: `toolbox`. Below: `core.tickets.ports`.

A ticket is the house's own record, so the customer is not asked first; it is written once for its
key all the same, and only those of the subject can be changed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.errors import Conflict
from core.specialists.tools.base import Arguments, Bench, Risk, error_result
from core.specialists.tools.results import fields_of, give
from core.tickets.ports import TicketDesk
from core.tickets.records import NewTicket, Ticket, TicketChange, TicketPriority

Tag = Annotated[str, StringConstraints(max_length=40)]
_SHOWN = ("number", "state", "priority", "subject", "tags", "updated_at")


class CreateArguments(Arguments):
    """Arguments of `create_ticket`."""

    subject: str = Field(min_length=3, max_length=200, description="What it is about, in a line.")
    body: str = Field(default="", max_length=4000, description="What is known and was tried.")
    priority: TicketPriority = Field(default="medium", description="How urgent it is.")
    tags: tuple[Tag, ...] = Field(default=(), max_length=8, description="A few words to find it.")


class UpdateArguments(Arguments):
    """Arguments of `update_ticket`. Closing is for people."""

    number: str = Field(min_length=3, max_length=20, description="Number of the ticket.")
    note: str = Field(default="", max_length=2000, description="What is new.")
    state: Literal["open", "in_progress", "pending", "resolved"] | None = Field(
        default=None, description="Its new state, if it changes."
    )
    priority: TicketPriority | None = Field(
        default=None, description="Its new priority, if it changes."
    )


class CreateTicket:
    """Open a ticket."""

    name = "create_ticket"
    description = (
        "Open a ticket for a problem that is not solved in this conversation. Gives its number, "
        "which the customer is told."
    )
    arguments = CreateArguments
    level = 0
    risk: Risk = "write"

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def run(self, arguments: CreateArguments, bench: Bench, *, key: str) -> str:
        """The ticket; one about the same that is still open is given instead of a second."""
        subject = bench.subject
        same = arguments.subject.strip().casefold()
        for ticket in await self._desk.tickets(subject):
            still_open = ticket.state not in ("resolved", "closed")
            if still_open and ticket.subject.casefold() == same:
                return _show(ticket, "there was one already")
        fields = arguments.model_dump()
        fields["subject"] = arguments.subject.strip()
        ticket = await self._desk.create(
            subject, NewTicket.model_validate(fields), by="ai", key=key
        )
        return _show(ticket, "opened")


class UpdateTicket:
    """Change a ticket."""

    name = "update_ticket"
    description = "Add a note to one of this customer's tickets, or change its state or priority."
    arguments = UpdateArguments
    level = 0
    risk: Risk = "write"

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def run(self, arguments: UpdateArguments, bench: Bench, *, key: str) -> str:
        """The ticket as it is now."""
        change = TicketChange(
            note=arguments.note, state=arguments.state, priority=arguments.priority, internal=True
        )
        if change == TicketChange(internal=True):
            return error_result("say what changes: note, state or priority")
        number = arguments.number
        try:
            ticket = await self._desk.update(bench.subject, number, change, by="ai", key=key)
        except Conflict as error:
            return error_result(str(error))
        if ticket is None:
            return error_result("no such ticket of this customer")
        return _show(ticket, "changed")


def _show(ticket: Ticket, what: str) -> str:
    return give({"outcome": what, "ticket": fields_of(ticket, *_SHOWN)})
