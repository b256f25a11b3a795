"""How busy the desk is: who waits, how long first replies took lately, outages that were told of.

Above: the case keeper (writes), the engine (reads). Below: `calls`. Small rolling figures that all
processes share; each note may be made twice. What is not known is None, never a guess.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from core.bus.calls import Calls
from core.bus.keys import PREFIX

_WAITING = f"{PREFIX}:{{00}}:desk:waiting"
_REPLIES = f"{PREFIX}:{{00}}:desk:replies"
_OUTAGES = f"{PREFIX}:{{00}}:desk:outages"
# Whoever waits longer than this is in nobody's queue: the conversation is gone, or given up.
_LOST_AFTER = timedelta(days=14)
_KEPT_REPLIES = 200
_RECENT = timedelta(days=7)
_LATELY = 20
_FEWEST = 3


def _now() -> datetime:
    return datetime.now(UTC)


class DeskPulse:
    """Figures of the desk. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls, *, clock: Callable[[], datetime] = _now) -> None:
        self._calls = calls
        self._clock = clock

    async def note_waiting(self, conversation: str, since: datetime | None) -> None:
        """Its customer waits for a person's word since then; None: not, or not any more."""
        if since is None:
            await self._calls.command("ZREM", _WAITING, conversation)
        else:
            await self._calls.command("ZADD", _WAITING, since.timestamp(), conversation)

    async def waiting(self) -> int:
        """How many conversations wait for a person's word."""
        lost = (self._clock() - _LOST_AFTER).timestamp()
        return int(await self._calls.command("ZCOUNT", _WAITING, lost, "+inf"))

    async def note_first_reply(
        self, conversation: str, case: int, *, at: datetime, seconds: float
    ) -> None:
        """The customer of this case had waited so long for the first word of a person."""
        member = f"{conversation}:{case}:{max(0.0, seconds):.0f}"
        await self._calls.command("ZADD", _REPLIES, at.timestamp(), member)
        await self._calls.command("ZREMRANGEBYRANK", _REPLIES, 0, -_KEPT_REPLIES - 1)

    async def first_reply_seconds(self) -> float | None:
        """The median of the last cases; None when there were too few to say."""
        since = (self._clock() - _RECENT).timestamp()
        raw: Any = await self._calls.command(
            "ZREVRANGEBYSCORE", _REPLIES, "+inf", since, "LIMIT", 0, _LATELY
        )
        took = [float(member.decode().rpartition(":")[2]) for member in raw or ()]
        return median(took) if len(took) >= _FEWEST else None

    async def note_outage(self, conversation: str, at: datetime) -> None:
        """This conversation told of an outage."""
        await self._calls.command("ZADD", _OUTAGES, at.timestamp(), conversation)
        old = (self._clock() - _RECENT).timestamp()
        await self._calls.command("ZREMRANGEBYSCORE", _OUTAGES, "-inf", old)

    async def outages(self, *, minutes: float, but: str = "") -> int:
        """How many conversations told of one in the last minutes, without that one."""
        since = (self._clock() - timedelta(minutes=minutes)).timestamp()
        count, own = await asyncio.gather(
            self._calls.command("ZCOUNT", _OUTAGES, since, "+inf"),
            self._calls.command("ZSCORE", _OUTAGES, but),
        )
        return int(count) - (own is not None and float(own) >= since)
