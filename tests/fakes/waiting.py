"""Waiting for something to become true, with a cap; the only place where tests look again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

# Who plants faults on purpose and waits for what will not come, sets this lower.
PATIENCE_SECONDS = 20.0
# How long is looked at what must not change; who plants a fault looks until it shows, however slow
# the machine is.
WATCH_SECONDS = 0.05


async def until(condition: Callable[[], bool], *, seconds: float | None = None) -> None:
    """Return as soon as the condition holds. Raises `TimeoutError` when it does not in time."""
    async with asyncio.timeout(PATIENCE_SECONDS if seconds is None else seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def stays(condition: Callable[[], bool], *, seconds: float | None = None) -> None:
    """Look on for a while. Raises `AssertionError` as soon as the condition does not hold."""
    with suppress(TimeoutError):
        async with asyncio.timeout(WATCH_SECONDS if seconds is None else seconds):
            while condition():
                await asyncio.sleep(0.005)
    assert condition(), "what was to stay as it was has changed"


async def until_found(
    look: Callable[[], Awaitable[object]], *, seconds: float | None = None
) -> None:
    """The same for what must be asked for: until `look` finds something."""
    async with asyncio.timeout(PATIENCE_SECONDS if seconds is None else seconds):
        while not await look():
            await asyncio.sleep(0.02)
