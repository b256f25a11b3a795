"""Counts tokens that are no good by the address they come from, for all processes together.

Above: the doors that take bearer tokens (REST, MCP). Below: `callers`, `core.limits`. Whoever
guesses asks many processes; a store that is away counts for nothing.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from channels.callers import Callers
from core.errors import BusUnavailable, RateExceeded
from core.limits import Limits, Window


class Guesses:
    """So many bad tokens in a minute, then the address is asked to wait."""

    def __init__(self, limits: Limits, callers: Callers, *, per_minute: int) -> None:
        self._limits = limits
        self._callers = callers
        self._windows = (Window(60, per_minute),)

    async def count(self, request: web.Request) -> None:
        """One more. Raises `RateExceeded`."""
        name = f"guess:{self._callers.address(request)}"
        try:
            full = await self._limits.take(name, secrets.token_hex(8), self._windows)
        except BusUnavailable:
            return
        if full is not None:
            raise RateExceeded(
                "too many tokens that are not valid", retry_after_seconds=full.seconds
            )
