"""What all processes know together: sliding windows, blocks, first times, small notes.

Above: the channels, through `core.limits`. Below: `calls`, `scripts`. Names may be people's
addresses, so the store sees only their digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2s

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import PREFIX
from core.ids import shard_of_text
from core.limits import Window


class StoredLimits:
    """Implements `core.limits.Limits`. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shards

    async def take(self, name: str, mark: str, windows: Sequence[Window]) -> Window | None:
        """See the port."""
        figures = [figure for window in windows for figure in window]
        full: int = await self._calls.script(
            scripts.TAKE, [self._key("taken", name)], [_digest(mark), *figures]
        )
        return windows[full - 1] if full else None

    async def block(self, name: str, reason: str, seconds: float) -> None:
        """See the port."""
        if seconds > 0:
            key = self._key("blocked", name)
            await self._calls.command("SET", key, reason[:200], "PX", int(seconds * 1000) or 1)

    async def unblock(self, name: str) -> None:
        """See the port."""
        await self._calls.command("DEL", self._key("blocked", name))

    async def blocked(self, name: str) -> str | None:
        """See the port."""
        raw = await self._calls.command("GET", self._key("blocked", name))
        return raw.decode() if raw else None

    async def first_time(self, name: str) -> datetime:
        """See the port."""
        key, now = self._key("first", name), datetime.now(UTC)
        await self._calls.command("SET", key, now.isoformat(), "NX")
        raw = await self._calls.command("GET", key)
        return datetime.fromisoformat(raw.decode()) if raw else now

    async def keep(self, name: str, text: str, seconds: float) -> None:
        """See the port."""
        key = self._key("kept", name)
        await self._calls.command("SET", key, text, "PX", int(seconds * 1000) or 1)

    async def kept(self, name: str) -> str | None:
        """See the port."""
        raw = await self._calls.command("GET", self._key("kept", name))
        return raw.decode() if raw else None

    def _key(self, kind: str, name: str) -> str:
        short = _digest(name)
        return f"{PREFIX}:{{{shard_of_text(short, self._shards)}}}:{kind}:{short}"


def _digest(text: str) -> str:
    return blake2s(text.encode(), digest_size=12).hexdigest()
