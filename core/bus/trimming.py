"""Keeps the journal short, says how far the archive is behind, and sounds the alarm.

Above: the role `archive`. Below: `journal`, `core.telemetry`. A journal that nobody reads grows; at
its bound the oldest records go. No word is lost by that: conversations keep what they hold until it
is archived, and are told again then (`core.archive.standing_keeper`).
"""

from __future__ import annotations

import asyncio
import time

import structlog

from core import telemetry
from core.bus.calls import STORE_ERRORS
from core.bus.journal import Journal
from core.bus.settings import BusSettings
from core.errors import BusError
from core.runtime import sleep_until

_log = structlog.get_logger("journal")
_LOOK_SECONDS = 3.0
_TRIM_EVERY_SECONDS = 30.0
# So old may the oldest record be before somebody should look.
_LATE_SECONDS = 60.0
_ALARM_EVERY_SECONDS = 300.0


class JournalTrimmer:
    """Service: trims the journal now and then."""

    name = "journal-trimmer"

    def __init__(self, journal: Journal, settings: BusSettings, *, group: str) -> None:
        self._journal = journal
        self._most = settings.journal_most
        self._group = group
        self._next_trim = time.monotonic() + _TRIM_EVERY_SECONDS
        self._next_alarm = 0.0

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Until stopped."""
        ready.set()
        while not await sleep_until(stop, _LOOK_SECONDS):
            try:
                await self.look()
            except (*STORE_ERRORS, BusError) as error:
                _log.warning("journal_trim_failed", error=type(error).__name__)

    def trim_now(self) -> None:
        """At the next look, not after a while."""
        self._next_trim = 0.0

    async def look(self) -> None:
        """Measure, warn, trim."""
        lag = await self._journal.lag(self._group)
        telemetry.ARCHIVE_LAG.set(lag.seconds)
        telemetry.ARCHIVE_BEHIND.set(lag.records)
        now = time.monotonic()
        if lag.seconds > _LATE_SECONDS and now >= self._next_alarm:
            self._next_alarm = now + _ALARM_EVERY_SECONDS
            _log.error("archive_is_behind", records=lag.records, seconds=round(lag.seconds))
        if now < self._next_trim:
            return
        self._next_trim = now + _TRIM_EVERY_SECONDS
        await self._journal.trim()
        if dropped := await self._journal.cut(self._most):
            telemetry.JOURNAL_CUT.inc(dropped)
            _log.error("journal_cut", dropped=dropped, most=self._most)
