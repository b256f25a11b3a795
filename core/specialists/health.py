"""A breaker for each model server: who failed too often is left alone for a while.

Above: `model`. Below: the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Breaker:
    """Closed (asked), open (left alone), half open (one try decides)."""

    def __init__(
        self, *, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._last_error: str | None = None

    @property
    def is_open(self) -> bool:
        """True while the server is left alone."""
        return self._clock() < self._open_until

    def succeed(self) -> None:
        """A call went well: all is forgiven."""
        self._failures = 0
        self._open_until = 0.0
        self._last_error = None

    def fail(self, reason: str) -> None:
        """A call failed; `reason` is a stable code."""
        self._failures += 1
        self._last_error = reason
        if self._failures >= self._limit:
            self._open_until = self._clock() + self._seconds

    def report(self) -> dict[str, Any]:
        """For health pages."""
        return {
            "state": "open" if self.is_open else "closed",
            "failures": self._failures,
            "last_error": self._last_error,
        }
