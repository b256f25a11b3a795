"""How fast Telegram wants to be written to: a chat, a group, everywhere at once.

Above: `sending`, `previews`. Below: asyncio. Buckets that fill with time: a few messages may go at
once. A short wait is waited; a long one goes back to delivery, so that no lease is held for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from core.errors import RateLimited

_MOST_CHATS = 20_000
_LONGEST_WAIT = 3.0
_AT_ONCE = 3.0


@dataclass
class _Bucket:
    """`level` messages may go now; it may be below zero: those are waiting."""

    rate: float
    size: float
    level: float
    at: float

    def fill(self, now: float) -> None:
        if now > self.at:
            self.level = min(self.size, self.level + (now - self.at) * self.rate)
            self.at = now

    def wait(self, now: float) -> float:
        self.fill(now)
        held = max(self.at - now, 0.0)
        return held + max(0.0, (1.0 - self.level) / self.rate)


class Pacer:
    """The buckets of one bot."""

    def __init__(self, *, overall: float, chat: float, group_minute: float) -> None:
        self._overall = _Bucket(overall, max(overall, 1.0), max(overall, 1.0), 0.0)
        self._chat_rate = chat
        self._group_rate = group_minute / 60
        self._group_size = max(1.0, group_minute)
        self._chats: OrderedDict[int, list[_Bucket]] = OrderedDict()

    async def take(self, chat: int) -> None:
        """Returns when it may be written there. Raises `RateLimited` when that is not soon."""
        now = asyncio.get_running_loop().time()
        buckets = [*self._of(chat), self._overall]
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > _LONGEST_WAIT:
            raise RateLimited("this chat is busy", retry_after_seconds=wait)
        for bucket in buckets:
            bucket.level -= 1.0
        if wait > 0:
            await asyncio.sleep(wait)

    def take_now(self, chat: int) -> bool:
        """True, and taken, if it may be written at once: for what may as well be left out."""
        now = asyncio.get_running_loop().time()
        buckets = [*self._of(chat), self._overall]
        if max(bucket.wait(now) for bucket in buckets) > 0:
            return False
        for bucket in buckets:
            bucket.level -= 1.0
        return True

    def hold(self, chat: int, seconds: float) -> None:
        """Telegram said how long to wait."""
        now = asyncio.get_running_loop().time()
        for bucket in self._of(chat):
            bucket.fill(now)
            bucket.at = max(bucket.at, now + seconds)

    def _of(self, chat: int) -> list[_Bucket]:
        found = self._chats.get(chat)
        if found is None:
            at_once = max(1.0, _AT_ONCE * self._chat_rate)
            found = [_Bucket(self._chat_rate, at_once, at_once, 0.0)]
            if chat < 0:
                found.append(_Bucket(self._group_rate, self._group_size, self._group_size, 0.0))
            self._chats[chat] = found
        self._chats.move_to_end(chat)
        while len(self._chats) > _MOST_CHATS:
            self._chats.popitem(last=False)
        return found
