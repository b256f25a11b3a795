"""The service of privacy: ends erasures, keeps tombstones up, deletes what is too old.

Above: the role `archive`. Below: `erasure`, `retention`, `export`. Several may run: every step may
be done twice.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.errors import SwitchboardError
from core.privacy.erasure import Eraser
from core.privacy.export import Exports
from core.privacy.retention import Retention
from core.runtime import sleep_until

_log = structlog.get_logger("privacy")
_LOOK_SECONDS = 1.0
_SWEEP_SECONDS = 3_600.0


class PrivacyKeeper:
    """Looks for unfinished erasures every second, and sweeps every hour."""

    name = "privacy"

    def __init__(
        self, eraser: Eraser, retention: Retention, exports: Exports, *, late_days: float
    ) -> None:
        self._eraser = eraser
        self._retention = retention
        self._exports = exports
        self._late = timedelta(days=late_days)
        self._next_sweep = time.monotonic() + 60

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, _LOOK_SECONDS):
            try:
                await self.look()
                if time.monotonic() >= self._next_sweep:
                    self._next_sweep = time.monotonic() + _SWEEP_SECONDS
                    await self.sweep()
            except (SwitchboardError, SQLAlchemyError, OSError) as error:
                _log.warning("privacy_waits", error=type(error).__name__)

    async def look(self) -> None:
        """What is due at once: a store that was lost must know its tombstones before a platform
        repeats itself."""
        if await self._eraser.arm():
            _log.info("tombstones_armed")
        await self._eraser.resume()

    async def sweep(self) -> None:
        """What is due every hour."""
        await self._eraser.forget_traces(datetime.now(UTC) - self._late)
        await asyncio.to_thread(self._exports.expire)
        if gone := await self._retention.sweep():
            _log.info("retention_swept", **gone)
