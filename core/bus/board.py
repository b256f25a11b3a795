"""Who is at work now: a hint for people, kept by all workers together.

Above: the turn, `GET /specialists`. Below: `calls`. A note that nobody takes down (its worker died)
fades by itself.
"""

from __future__ import annotations

import time
from collections import Counter

from core.bus.calls import Calls
from core.bus.keys import PREFIX

_KEY = f"{PREFIX}:{{00}}:busy"


class WorkBoard:
    """Implements `core.ports.Board`. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def enter(self, specialist: str, conversation: str, *, seconds: float) -> None:
        """See the port."""
        await self._calls.command(
            "ZADD", _KEY, time.time() + seconds, f"{specialist}|{conversation}"
        )

    async def leave(self, specialist: str, conversation: str) -> None:
        """See the port."""
        await self._calls.command("ZREM", _KEY, f"{specialist}|{conversation}")

    async def active(self) -> dict[str, int]:
        """How many turns each specialist works on; those of dead workers are swept away."""
        now = time.time()
        await self._calls.command("ZREMRANGEBYSCORE", _KEY, "-inf", now)
        raw: list[bytes | str] = await self._calls.command("ZRANGE", _KEY, 0, -1) or []
        names = (name.decode() if isinstance(name, bytes) else name for name in raw)
        return dict(Counter(name.partition("|")[0] for name in names))
