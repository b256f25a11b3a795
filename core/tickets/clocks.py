"""The clocks of a ticket: by when the first reply and the end of it are due, in the desk's hours.

Above: `book`, the API, the console. Below: `core.escalation` (hours, rules), `records`. Pure. While
a ticket waits for its customer, or is done, its clocks rest; opened again they go on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.escalation.clocks import Clock
from core.escalation.rules import EscalationRules
from core.messages import Frozen, format_time
from core.tickets.records import Ticket
from core.tickets.states import RESTING


class TicketClocks(Frozen):
    """Both clocks; `resting` says that they stand still."""

    first_reply: Clock = Clock()
    resolution: Clock = Clock()
    resting: bool = False

    def public(self, now: datetime) -> dict[str, Any]:
        """As JSON: due and state of each; a clock that stands still is `paused`."""
        return {
            "first_reply": self._show(self.first_reply, now),
            "resolution": self._show(self.resolution, now),
        }

    def _show(self, clock: Clock, now: datetime) -> dict[str, Any]:
        state: str = clock.state(now)
        if self.resting and state in {"runs", "soon"}:
            state = "paused"
        return {"due": format_time(clock.due) if clock.due else None, "state": state}


def clocks_of(ticket: Ticket, rules: EscalationRules, now: datetime) -> TicketClocks:
    """Of a ticket as it stands."""
    first = getattr(rules.desk.ticket_reply_minutes, ticket.priority)
    whole = getattr(rules.desk.resolution_minutes, ticket.priority)
    rested = sum(
        rules.hours.minutes_between(pause.since, pause.until or now) for pause in ticket.pauses
    )
    resting = ticket.state in RESTING
    if ticket.resolved_at is not None:  # the rest since it was done is none of the work
        rested -= rules.hours.minutes_between(ticket.resolved_at, now)
    return TicketClocks(
        first_reply=_clock(ticket.created_at, first, 0.0, ticket.first_reply_at, rules),
        resolution=_clock(ticket.created_at, whole, rested, ticket.resolved_at, rules),
        resting=resting,
    )


def _clock(
    opened: datetime, minutes: int, rested: float, met: datetime | None, rules: EscalationRules
) -> Clock:
    if not minutes:
        return Clock(met_at=met)
    return Clock(
        due=rules.hours.add(opened, minutes + rested),
        soon_at=rules.hours.add(opened, minutes * rules.desk.remind_at + rested),
        minutes=minutes,
        met_at=met,
    )
