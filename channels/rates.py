"""Limits of how often one caller may do something; bounded in memory.

Above: web socket, REST. Below: nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from core.errors import RateExceeded

_BURST_SECONDS = 20.0
_MOST_CALLERS = 20_000


class Bucket:
    """A token bucket: `rate` a second in the long run, a burst of 20 seconds' worth."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = rate * _BURST_SECONDS
        self._at = time.monotonic()

    def take(self) -> None:
        """Raises `RateExceeded` when there is nothing left."""
        now = time.monotonic()
        self._left = min(self._rate * _BURST_SECONDS, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            raise RateExceeded(
                "too many requests", retry_after_seconds=round((1 - self._left) / self._rate, 2)
            )
        self._left -= 1


class Rates:
    """A bucket for each caller; the one unused longest is forgotten first."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, caller: str) -> None:
        """Raises `RateExceeded`."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(self._rate)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        bucket.take()
