"""Limits of how often one caller may do something; bounded in memory.

Above: web socket, REST. Below: nothing. Each process counts for itself: a counter that all shared
would cost every request a look into the store.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from core.errors import RateExceeded

_BURST_SECONDS = 20.0
_MOST_CALLERS = 20_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands: of `quota` in `window` seconds so many are `left`, all of them again
    after `reset` seconds."""

    quota: int
    window: int
    left: int
    reset: int


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

    def standing(self) -> Standing:
        """As of the last `take`."""
        full = self._rate * _BURST_SECONDS
        return Standing(
            quota=int(full), window=int(_BURST_SECONDS), left=int(self._left),
            reset=math.ceil((full - self._left) / self._rate),
        )  # fmt: skip


class Rates:
    """A bucket for each caller; the one unused longest is forgotten first."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, caller: str) -> None:
        """Raises `RateExceeded`."""
        self.of(caller).take()

    def of(self, caller: str) -> Bucket:
        """The bucket of a caller."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(self._rate)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        return bucket
