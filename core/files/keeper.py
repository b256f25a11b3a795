"""Service: deletes files that are older than their time.

Above: the archive role. Below: `library`.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from core.files.library import Files
from core.runtime import sleep_until

_log = structlog.get_logger("files")
_EVERY_SECONDS = 3_600.0
_DAY = 86_400


class FileKeeper:
    """Looks once an hour."""

    name = "files"

    def __init__(self, files: Files) -> None:
        self._files = files

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, _EVERY_SECONDS):
            await self.clean()

    async def clean(self) -> None:
        """Delete what is too old now."""
        try:
            count = await self._files.expire(time.time() - self._files.settings.days * _DAY)
        except OSError as error:
            _log.warning("files_not_cleaned", error=str(error))
            return
        if count:
            _log.info("files_expired", count=count)
