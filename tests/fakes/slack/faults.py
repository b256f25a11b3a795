"""What goes wrong on command, in the Web API and on the way of events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

# refuse: answer `error`; limit: 429; break: 5xx; cut: close before it is done; lose: do it and
# close without an answer; hang: do nothing and do not answer.
Kind = Literal["refuse", "limit", "break", "cut", "lose", "hang"]


@dataclass(frozen=True)
class Fault:
    """One call that goes wrong."""

    kind: Kind
    error: str = "internal_error"
    status: int = 503
    retry_after: float = 1.0


@dataclass
class Faults:
    """Faults by method (`*`: any), used up one by one; and what befalls events."""

    planned: dict[str, deque[Fault]] = field(default_factory=dict[str, "deque[Fault]"])
    # The next so many events: told twice; held back behind the next; dropped on the first try.
    duplicate: int = 0
    reorder: int = 0
    drop: int = 0
    delay_seconds: float = 0.0
    # While it is set, every call goes wrong in this way.
    outage: Fault | None = None

    def plan(self, method: str, fault: Fault, times: int = 1) -> None:
        """The next `times` calls of a method go wrong in this way."""
        self.planned.setdefault(method, deque()).extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        """The fault of this call, if there is one."""
        if self.outage is not None:
            return self.outage
        for name in (method, "*"):
            if queue := self.planned.get(name):
                return queue.popleft()
        return None
