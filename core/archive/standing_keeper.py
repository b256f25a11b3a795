"""Keeps what changes without a word: deliveries, cursors, alarms, addresses.

Above: the role `archive`. Below: `standings`, `core.bus.rejournal`. What is said comes with the
journal; a conversation of which the journal has nothing more to tell, though the archive does not
have all of it, is told once more (its records were dropped from a journal that was full, or nobody
ever followed it).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.archive.database import Database
from core.archive.follower import GROUP
from core.archive.standings import Standings, archived_until, save_addresses
from core.bus.calls import STORE_ERRORS
from core.bus.journal import Journal
from core.bus.lives import Sign
from core.bus.snapshot import Snapshot
from core.bus.standing import Touched
from core.errors import BusError
from core.runtime import Backoff, sleep_until

_log = structlog.get_logger("standings")
_LOOK_SECONDS = 0.25
_AT_ONCE = 400
# What was said so lately is still on its way through the journal.
_ON_ITS_WAY_SECONDS = 5.0
_RETELL_SECONDS = 10.0
_RETOLD_AT_ONCE = 50


class StandingKeeper:
    """Service: any number may run."""

    name = "standings"

    def __init__(
        self, standings: Standings, journal: Journal, database: Database, *,
        on_its_way_seconds: float = _ON_ITS_WAY_SECONDS,
    ) -> None:  # fmt: skip
        self._standings = standings
        self._on_its_way_seconds = on_its_way_seconds
        self._next_retelling = 0.0
        self._journal = journal
        self._database = database

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        backoff, failures, pause = Backoff(), 0, _LOOK_SECONDS
        while not await sleep_until(stop, pause):
            try:
                await self.sweep()
                failures, pause = 0, _LOOK_SECONDS
            except (SQLAlchemyError, OSError, BusError, *STORE_ERRORS) as error:
                _log.warning("standings_not_kept", error=type(error).__name__)
                pause = backoff.pause(failures)
                failures += 1

    async def sweep(self) -> int:
        """Keep what was touched; returns how much is kept now."""
        await self._tell_dropped_again()
        sign = await self._standings.sign()
        touched = await self._standings.touched.read(limit=_AT_ONCE)
        if not touched:
            return 0
        marks = {item.name: item for item in touched if not item.is_address}
        async with self._database.read() as connection:
            known = await archived_until(connection, list(marks))
        found = await self._standings.read(known)
        here = {item.conversation for item in found}
        behind = [item for item in found if item.seq > known[item.conversation] and item.tail]
        whole = [item for item in found if item not in behind]
        await self._keep(whole, [item for item in touched if item.is_address], sign)
        # What left the store was written down then.
        await self._standings.touched.settle(marks[name] for name in marks if name not in here)
        await self._tell_again(behind, known)
        return len(whole)

    async def _tell_dropped_again(self) -> None:
        """When the journal has room again."""
        now = time.monotonic()
        if now < self._next_retelling or not await self._journal.is_read(GROUP):
            return
        again = await self._journal.tell_dropped_again(limit=_RETOLD_AT_ONCE)
        self._next_retelling = now if again else now + _RETELL_SECONDS
        if again:
            _log.warning("told_again", conversations=len(again))

    async def _keep(self, whole: Sequence[Snapshot], places: Sequence[Touched], sign: Sign) -> None:
        leads = await asyncio.gather(
            *(self._standings.touched.leads_to(item.name) for item in places)
        )
        bound = {item.name: name for item, name in zip(places, leads, strict=True) if name}
        if whole or bound:
            async with self._database.write() as connection:
                await save_addresses(connection, bound)
                mark = await self._standings.save(connection, whole, sign)
            await self._standings.note(mark, whole, sign)
        await self._standings.touched.settle(places)

    async def _tell_again(self, behind: Sequence[Snapshot], known: Mapping[str, int]) -> None:
        """Those of which the journal says nothing more."""
        lately = (time.time() - self._on_its_way_seconds) * 1000
        old = [item for item in behind if float(item.head.get("updated", 0)) < lately]
        if not old or not await self._journal.is_read(GROUP):
            return
        for item in old:
            await self._journal.tell_again(item.conversation, after=known[item.conversation])
            _log.warning("told_again", conversation=item.conversation)
