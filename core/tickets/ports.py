"""Where tickets are kept, as the house needs it.

Above: `core.specialists.tools.tickets`, the desk. Below: `records`. Implementation: `sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.customers.records import Subject
from core.tickets.records import NewTicket, Ticket, TicketChange


class TicketDesk(Protocol):
    """Tickets. All raise `CustomerSystemError` when it cannot be reached.

    A ticket is the subject's when it was opened in their conversation, or for their contact while
    that is proved; all others look as if they did not exist. Writes are done once for each `key`.
    """

    async def create(self, subject: Subject, new: NewTicket, *, by: str, key: str) -> Ticket:
        """Open one; a repeat gives the ticket of the first time."""
        ...

    async def update(
        self, subject: Subject, number: str, change: TicketChange, *, by: str, key: str
    ) -> Ticket | None:
        """Change one of the subject's; None: they have no such ticket. Raises `Conflict` for a
        state that may not follow."""
        ...

    async def tickets(self, subject: Subject, *, limit: int = 10) -> Sequence[Ticket]:
        """The subject's, last changed first, without history."""
        ...

    async def find(self, number: str) -> Ticket | None:
        """Any ticket, with its history: for people of the desk."""
        ...
