"""The desk's line to Slack: one message a second and channel, in order; silent while Slack is away.

Above: `poster`. Below: `channels.slack.{api,pacing}`. Who wants to post somewhere waits for their
turn there. While Slack does not answer one call now and then tries it, and the others are told at
once that nothing arrived, so that an outage leaves no doubt behind about what was never begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from channels.slack.api import Json, SlackApi
from channels.slack.pacing import Pacer
from core.errors import RateLimited, TemporaryDeliveryError
from core.runtime import Backoff

_log = structlog.get_logger("desk")
# Raises when whoever wants to write may not any more.
MayStill = Callable[[], Awaitable[None]]
BACKOFF = Backoff(first=0.5, top=15.0)


class Line:
    """One workspace's."""

    def __init__(self, api: SlackApi, *, per_second: float, backoff: Backoff = BACKOFF) -> None:
        self.api = api
        self.backoff = backoff
        self._pacer = Pacer(per_second)
        self._turns: dict[str, asyncio.Lock] = {}
        self._failures = 0
        self._away_until = 0.0

    @asynccontextmanager
    async def turn(self, chat: str) -> AsyncGenerator[None]:
        """Alone in this Slack channel, first come first served."""
        async with self._turns.setdefault(chat, asyncio.Lock()):
            yield

    async def call(
        self, method: str, *, place: str = "", form: bool = False,
        may_still: MayStill | None = None, **fields: Any,
    ) -> Json:  # fmt: skip
        """Call a method; with `place` at the pace of that place. `may_still` is asked right before,
        because waiting for one's turn may take long. Raises `ChannelError`s, and what it raises."""
        # Slack limits its methods one by one, and posting by channel.
        lane = place or method
        await self._pacer.take(lane)
        if asyncio.get_running_loop().time() < self._away_until:
            raise TemporaryDeliveryError("Slack does not answer for now", certain=True)
        if may_still is not None:
            await may_still()
        try:
            answer = await self.api.call(method, form=form, **fields)
        except RateLimited as error:
            self._pacer.hold(lane, error.retry_after_seconds)
            raise
        except TemporaryDeliveryError as error:
            self._note_failure(error)
            raise
        if self._failures:
            _log.info("desk_slack_back", failures=self._failures)
            self._failures = 0
        return answer

    def _note_failure(self, error: TemporaryDeliveryError) -> None:
        now = asyncio.get_running_loop().time()
        if not self._failures:
            _log.warning("desk_slack_away", error=str(error))
        if now >= self._away_until:
            self._away_until = now + self.backoff.pause(self._failures)
            self._failures += 1
