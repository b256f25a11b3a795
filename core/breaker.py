"""A breaker for a server behind a network: who fails too often is left alone for a while.

Above: `core.specialists.providers`, `core.customers.crm`. Below: the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# A try whose end nobody reports does not keep others away for longer.
_TRY_SECONDS = 15.0


class Breaker:
    """Closed (asked), open (left alone), half open (one try decides, the others wait for it)."""

    def __init__(
        self, *, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._probe_until = 0.0
        self._last_error: str | None = None

    @property
    def state(self) -> str:
        """`closed`, `open` or `half_open`."""
        if self._clock() < self._open_until:
            return "open"
        return "half_open" if self.is_sick else "closed"

    @property
    def waits(self) -> float:
        """Seconds until it may be asked; 0 when it may be now."""
        until = self._open_until
        if self.is_sick:
            until = max(until, self._probe_until)
        return max(0.0, until - self._clock())

    @property
    def is_sick(self) -> bool:
        """True if it failed too often: then waiting for it is not worth while."""
        return self._failures >= self._limit

    def admit(self) -> bool:
        """True if it may be asked now; half open, this is the one try."""
        if self.waits > 0:
            return False
        if self.is_sick:
            self._probe_until = self._clock() + _TRY_SECONDS
        return True

    def release(self) -> None:
        """The try ended without telling anything of the server."""
        self._probe_until = 0.0

    def succeed(self) -> None:
        """A call went well: all is forgiven."""
        self._failures = 0
        self._open_until = self._probe_until = 0.0
        self._last_error = None

    def fail(self, reason: str) -> None:
        """A call failed; `reason` is a stable code."""
        self._failures += 1
        self._last_error = reason
        self._probe_until = 0.0
        if self.is_sick:
            self._open_until = self._clock() + self._seconds

    def rest(self, reason: str, seconds: float) -> None:
        """The server asks to be left alone for `seconds`; that is no failure."""
        self._last_error = reason
        self._probe_until = 0.0
        self._open_until = max(self._open_until, self._clock() + seconds)

    def give_up(self, reason: str) -> None:
        """No use in asking on (a bad key): open at once."""
        self._failures = max(self._failures, self._limit - 1)
        self.fail(reason)

    def report(self) -> dict[str, Any]:
        """For health pages."""
        return {
            "state": self.state,
            "failures": self._failures,
            "last_error": self._last_error,
        }
