"""What all processes know together: sliding windows, blocks, first times, small notes.

Above: channels that must not say too much to one address. Below: nothing. Implementation:
`core.bus.limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol


class Window(NamedTuple):
    """At most `most` in `seconds`."""

    seconds: int
    most: int


class Limits(Protocol):
    """Shared by all processes; everything ends by itself. All methods raise `BusUnavailable`."""

    async def take(self, name: str, mark: str, windows: Sequence[Window]) -> Window | None:
        """Count `mark` under `name` if every window has room, else give the one that is full. The
        same mark is counted once, so asking again after a crash changes nothing."""
        ...

    async def block(self, name: str, reason: str, seconds: float) -> None:
        """Block `name` for so long."""
        ...

    async def unblock(self, name: str) -> None:
        """The block is over."""
        ...

    async def blocked(self, name: str) -> str | None:
        """Why `name` is blocked, if it is."""
        ...

    async def first_time(self, name: str) -> datetime:
        """When this was first asked about this name: the same answer for ever."""
        ...

    async def keep(self, name: str, text: str, seconds: float) -> None:
        """Keep a small text under this name for so long, instead of what was there."""
        ...

    async def kept(self, name: str) -> str | None:
        """What is kept under this name."""
        ...


class OwnLimits:
    """For a process on its own, and for tests."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[str, float]] = {}
        self._blocked: dict[str, tuple[str, float]] = {}
        self._first: dict[str, datetime] = {}
        self._kept: dict[str, tuple[str, float]] = {}

    async def take(self, name: str, mark: str, windows: Sequence[Window]) -> Window | None:
        """See `Limits`."""
        now, taken = _seconds(), self._taken.setdefault(name, {})
        if mark in taken:
            return None
        for window in windows:
            if sum(at > now - window.seconds for at in taken.values()) >= window.most:
                return window
        taken[mark] = now
        return None

    async def block(self, name: str, reason: str, seconds: float) -> None:
        """See `Limits`."""
        self._blocked[name] = (reason, _seconds() + seconds)

    async def unblock(self, name: str) -> None:
        """See `Limits`."""
        self._blocked.pop(name, None)

    async def blocked(self, name: str) -> str | None:
        """See `Limits`."""
        reason, until = self._blocked.get(name, ("", 0.0))
        return reason if until > _seconds() else None

    async def first_time(self, name: str) -> datetime:
        """See `Limits`."""
        return self._first.setdefault(name, datetime.now(UTC))

    async def keep(self, name: str, text: str, seconds: float) -> None:
        """See `Limits`."""
        self._kept[name] = (text, _seconds() + seconds)

    async def kept(self, name: str) -> str | None:
        """See `Limits`."""
        text, until = self._kept.get(name, ("", 0.0))
        return text if until > _seconds() else None


def _seconds() -> float:
    return datetime.now(UTC).timestamp()
