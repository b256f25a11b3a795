"""One at a time in each place, oldest first. Above: `adapter`. Below: asyncio.

Slack promises no order: with two sockets, what was said first may be read second. What waits here
is let through by its time stamp, not by when it was read; the first waits a moment for the others.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MOMENT_SECONDS = 0.01
Waiting = tuple[float, int, "asyncio.Future[None]"]


@dataclass
class _Queue:
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    busy: bool = False


class Places:
    """The queues of all places in which something happens now."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._numbers = itertools.count()

    @asynccontextmanager
    async def turn(self, place: str, stamp: float) -> AsyncGenerator[None]:
        """Alone in this place, when nothing older waits there."""
        queue = self._queues.setdefault(place, _Queue())
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(queue.waiting, (stamp, next(self._numbers), mine))
        try:
            if not queue.busy:
                queue.busy = True
                try:
                    await asyncio.sleep(_MOMENT_SECONDS)  # what the other sockets bring
                finally:
                    self._let_next(place, queue)
            await mine
            yield
        finally:
            if mine.done() and not mine.cancelled():
                self._let_next(place, queue)
            else:
                mine.cancel()

    def _let_next(self, place: str, queue: _Queue) -> None:
        while queue.waiting:
            _, _, oldest = heapq.heappop(queue.waiting)
            if not oldest.done():
                oldest.set_result(None)
                return
        queue.busy = False
        self._queues.pop(place, None)
