"""One message a second into one place, as Slack wants it. Above: `sending`. Below: asyncio.

A short wait is waited; a long one goes back to delivery, which comes again, so that no lease is
held for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from core.errors import RateLimited

_MOST_PLACES = 10_000
_LONGEST_WAIT = 4.0


class Pacer:
    """Slots of each place, given in the order in which they were asked for."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next: OrderedDict[str, float] = OrderedDict()

    async def take(self, place: str) -> None:
        """Returns when it may be written there. Raises `RateLimited` when that is not soon."""
        now = asyncio.get_running_loop().time()
        at = max(self._next.get(place, 0.0), now)
        if at - now > max(_LONGEST_WAIT, self._gap):
            raise RateLimited("this place is busy", retry_after_seconds=at - now)
        self._set(place, at + self._gap)
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, place: str, seconds: float) -> None:
        """Slack said how long to wait."""
        until = asyncio.get_running_loop().time() + seconds
        self._set(place, max(self._next.get(place, 0.0), until))

    def _set(self, place: str, at: float) -> None:
        self._next[place] = at
        self._next.move_to_end(place)
        while len(self._next) > _MOST_PLACES:
            self._next.popitem(last=False)
