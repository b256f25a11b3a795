"""One account of a push channel as a service: receives until stopped, and comes back after faults.

Above: the roles. Below: an adapter, `arrivals`. What goes out is `delivery`'s work.
"""

from __future__ import annotations

import asyncio

import structlog

from channels.arrivals import Arrivals
from channels.base import ChannelAdapter
from core.errors import ConfigError
from core.runtime import Backoff, running, sleep_until

_log = structlog.get_logger("channel")
_BACKOFF = Backoff(first=0.5, top=60.0)


class ChannelService:
    """Service: the receiving half of one account."""

    def __init__(self, adapter: ChannelAdapter, arrivals: Arrivals) -> None:
        self.name = f"{adapter.name}-{adapter.account}"
        self._adapter = adapter
        self._arrivals = arrivals

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`. The gateway does not wait for a platform: it is ready while
        the account still connects, and says so in the log when it cannot."""
        ready.set()
        failures = 0
        while not stop.is_set():
            began = asyncio.get_running_loop().time()
            connected = asyncio.Event()
            await self._receive(stop, connected)
            lasted = asyncio.get_running_loop().time() - began
            failures = 0 if connected.is_set() and lasted > _BACKOFF.top else failures + 1
            await sleep_until(stop, _BACKOFF.pause(max(failures - 1, 0)))

    async def _receive(self, stop: asyncio.Event, connected: asyncio.Event) -> None:
        """Until stopped, or until the adapter gives up; then the reason is in the log."""
        receiving = self._adapter.run(self._arrivals.publish, connected)
        try:
            async with running(receiving, name=self.name) as task:
                while not task.done() and not await sleep_until(stop, 0.5):
                    pass
                if task.done():
                    task.result()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a vendor's library raises
            _log.error("channel_failed", channel=self.name, error=repr(error))
