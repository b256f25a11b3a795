"""Which state of a ticket may follow which. Above: `writing`. Below: `records`. Pure.

Work moves freely between open, in progress and pending; what is resolved or closed is opened again
before anything else is done with it.
"""

from __future__ import annotations

from core.errors import Conflict
from core.tickets.records import TicketState

DONE: frozenset[TicketState] = frozenset({"resolved", "closed"})
# While it waits for the customer, or is done, no promise of ours runs.
RESTING: frozenset[TicketState] = frozenset({"pending", "resolved", "closed"})
_ACTIVE: frozenset[TicketState] = frozenset({"open", "in_progress", "pending"})
_NEXT: dict[TicketState, frozenset[TicketState]] = {
    "open": _ACTIVE | DONE,
    "in_progress": _ACTIVE | DONE,
    "pending": _ACTIVE | DONE,
    "resolved": frozenset({"open", "in_progress", "closed"}),
    "closed": frozenset({"open"}),
}


def may_become(before: TicketState, after: TicketState) -> bool:
    """True if the one may follow the other; staying as it is always may."""
    return before == after or after in _NEXT[before]


def check_move(before: TicketState, after: TicketState) -> None:
    """Raises `Conflict` for a move that there is not."""
    if not may_become(before, after):
        allowed = ", ".join(sorted(_NEXT[before]))
        raise Conflict(
            f"a {before} ticket cannot become {after}: first make it {allowed}",
            code="ticket_state",
        )
