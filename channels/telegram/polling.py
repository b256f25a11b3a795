"""Long polling that acknowledges last.

Above: `adapter`. Below: `api`. Telegram takes the `offset` of the next question as "got everything
before", so it moves only over updates that are stored; stock pollers move it at once and lose what
they held when they die. After a quiet week Telegram's numbers start anew, so an offset is said only
to confirm, once, and nothing is ever dropped for a low number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from aiogram.methods import DeleteWebhook

from channels.telegram.api import RawUpdates, Rivalry, TelegramApi
from core.errors import BusUnavailable, ChannelError, RateLimited
from core.runtime import Backoff

_log = structlog.get_logger("telegram")
ALLOWED_UPDATES = ["message", "edited_message", "callback_query"]
_BATCH = 100
_BACKOFF = Backoff(first=0.3, top=15.0)
_RIVALRY_SECONDS = 5.0
_LONGEST_HOLD = 60.0
# Takes updates in the given order; gives how many of them are stored, from the first on.
Take = Callable[[list[Any]], Awaitable[int]]


class Poller:
    """Asks for one bot until cancelled."""

    def __init__(self, api: TelegramApi, take: Take, *, account: str, poll_seconds: int) -> None:
        self._api = api
        self._take = take
        self._account = account
        self._poll_seconds = poll_seconds
        self._offset: int | None = None

    async def run(self, ready: asyncio.Event) -> None:
        """A webhook that is set would win: it is taken away first."""
        await self._api.call(DeleteWebhook(drop_pending_updates=False))
        failures = 0
        while True:
            try:
                pause = await self._round(ready)
            except RateLimited as error:
                pause = min(error.retry_after_seconds, _LONGEST_HOLD)
            except Rivalry as error:
                _log.error(
                    "telegram_two_receivers", account=self._account, error=str(error),
                    mend="only one process may poll for a bot: stop the other, or use a webhook",
                )  # fmt: skip
                pause = _RIVALRY_SECONDS
            except (ChannelError, BusUnavailable) as error:
                _log.warning("telegram_polling_failed", account=self._account, error=str(error))
                pause = _BACKOFF.pause(failures)
            failures = failures + 1 if pause else 0
            if pause:
                await asyncio.sleep(pause)

    async def _round(self, ready: asyncio.Event) -> float:
        """One question. Seconds to wait before the next."""
        waiting = self._poll_seconds if ready.is_set() else 0
        question = RawUpdates(
            offset=self._offset, limit=_BATCH, timeout=waiting, allowed_updates=ALLOWED_UPDATES
        )
        updates = await self._api.call(question, wait_seconds=waiting)
        ready.set()
        self._offset = None  # what it confirmed is confirmed
        if not updates:
            return 0
        stored = await self._take(updates)
        numbers = [number for raw in updates[:stored] if (number := number_of(raw)) is not None]
        if numbers:
            self._offset = numbers[-1] + 1
        if stored < len(updates):
            raise BusUnavailable("updates are left: Telegram will be asked for them again")
        return 0 if numbers else _BACKOFF.top


def number_of(raw: Any) -> int | None:
    """The `update_id`, if there is one."""
    number = cast("dict[str, Any]", raw).get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) else None
