"""The clocks of a case: by when the first word and the end of it are due, within the desk's hours.

Above: `duties`, Slack's card, the console, queues. Below: `standing`, `rules`. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.escalation.folding import PRIORITIES
from core.escalation.rules import EscalationRules, ReasonRule
from core.escalation.standing import Standing
from core.messages import Frozen, format_time

ClockState = Literal["none", "met", "missed", "runs", "soon", "broken"]


class Clock(Frozen):
    """One promise of the desk. `soon_at` is when people are reminded; `minutes` is what it allows;
    `met_at` is when it was kept, in time or late."""

    due: datetime | None = None
    soon_at: datetime | None = None
    minutes: int = 0
    met_at: datetime | None = None

    def state(self, now: datetime) -> ClockState:
        """`none`: there is no such promise."""
        if self.due is None or self.soon_at is None:
            return "none"
        if self.met_at is not None:
            return "met" if self.met_at <= self.due else "missed"
        return "broken" if now >= self.due else "soon" if now >= self.soon_at else "runs"


class Clocks(Frozen):
    """Both clocks of a case; that of the first reply begins anew with every hand-over."""

    first_reply: Clock = Clock()
    resolution: Clock = Clock()

    def public(self, now: datetime) -> dict[str, Any]:
        """As JSON for the desk: due and state of each."""
        return {
            name: {
                "due": format_time(clock.due) if clock.due else None,
                "state": clock.state(now),
            }
            for name, clock in (("first_reply", self.first_reply), ("resolution", self.resolution))
        }


def clocks_of(standing: Standing, rules: EscalationRules) -> Clocks:
    """The clocks of a case that has begun."""
    if standing.opened_at is None:
        return Clocks()
    rule = rules.reasons.get(standing.reason or "", ReasonRule())
    minutes = getattr(rules.desk.resolution_minutes, priority_of(standing, rules), 0)
    handed = standing.handed_at or standing.opened_at
    return Clocks(
        first_reply=_clock(handed, rule.first_reply_minutes, standing.replied_at, rules),
        resolution=_clock(standing.opened_at, minutes, standing.closed_at, rules),
    )


def priority_of(standing: Standing, rules: EscalationRules) -> str:
    """What people or the hand-over said, else that of the reason."""
    named = standing.priority or rules.priority(standing.reason or "")
    return named if named in PRIORITIES else "medium"


def rank(standing: Standing, rules: EscalationRules, now: datetime) -> tuple[float, ...]:
    """A sort key for queues, first things first: what rests comes last; whoever waits comes before
    who does not; then by priority, by what is due first, and by age."""
    clocks = clocks_of(standing, rules)
    due = clocks.resolution.due if standing.replied_at else clocks.first_reply.due
    since = standing.waiting_since or standing.opened_at
    return (
        float(standing.is_snoozed(now)),
        float(standing.waiting_since is None),
        float(PRIORITIES.index(priority_of(standing, rules))),
        due.timestamp() if due else float("inf"),
        since.timestamp() if since else float("inf"),
        float(standing.seq),
    )


def _clock(opened: datetime, minutes: int, met: datetime | None, rules: EscalationRules) -> Clock:
    if not minutes:
        return Clock(met_at=met)
    return Clock(
        due=rules.hours.add(opened, minutes),
        soon_at=rules.hours.add(opened, minutes * rules.desk.remind_at),
        minutes=minutes,
        met_at=met,
    )
