"""Keeps a process's directory of tokens as the database has it, within a second of a change.

Above: the composition root (a service of every web process), the doors that change tokens. Below:
`store`, `directory`, `core.bus.access`, whose stream says that something changed. The stream is a
hint: without it, and every half minute, the database is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import structlog

from core.access.directory import Directory
from core.access.records import AccessToken, StaffScope
from core.access.store import AccessStore
from core.bus.access import AccessFeed
from core.errors import BusUnavailable, SwitchboardError
from core.runtime import Backoff, end_tasks, spawn

_log = structlog.get_logger("access")
_ASK_SECONDS = 30.0
_WAIT_SECONDS = 0.9
_FORGET_SECONDS = 3_600.0


async def call_back(store: AccessStore, feed: AccessFeed, conversations: Sequence[str]) -> None:
    """Customers' tokens of these conversations end, from a process that keeps no directory."""
    if conversations:
        await store.end_customer_tokens(*conversations)
        await _tell(feed)


async def _tell(feed: AccessFeed) -> None:
    try:
        await feed.tell()
    except BusUnavailable as error:  # the others ask by themselves, later
        _log.warning("access_not_told", error=str(error))


class AccessKeeper:
    """Fills the directory, and changes what it is filled from."""

    name = "access"

    def __init__(self, store: AccessStore, directory: Directory, feed: AccessFeed) -> None:
        self._store = store
        self.directory = directory
        self._feed = feed
        self._asked = self._forgot = 0.0

    async def load(self) -> None:
        """As the database has it now. Raises `ArchiveUnavailable`."""
        self.directory.replace(*await self._store.load())
        self._asked = time.monotonic()

    async def add(
        self, scope: StaffScope, *, name: str, limits: tuple[str, ...],
        expires_at: datetime | None, by: str,
    ) -> tuple[AccessToken, str]:  # fmt: skip
        """A new token, good at once in this process and within a second in the others."""
        made = await self._store.add(scope, name=name, limits=limits, expires_at=expires_at, by=by)
        await self._changed()
        return made

    async def list(self) -> list[AccessToken]:
        """Those that were not revoked, the newest first."""
        await self._note_used()
        return await self._store.list()

    async def revoke(self, identifier: str) -> None:
        """Raises `NotFound`."""
        await self._store.revoke(identifier)
        await self._changed()

    async def end_customer_tokens(self, conversation: str) -> None:
        """Those issued until now open nothing."""
        await self._store.end_customer_tokens(conversation)
        await self._changed()

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        following = spawn(self._follow(), name="access-follow")
        ready.set()
        try:
            await stop.wait()
        finally:
            await end_tasks(following)
            await self._note_used()

    async def _changed(self) -> None:
        await self.load()
        await _tell(self._feed)

    async def _follow(self) -> None:
        backoff, failures = Backoff(), 0
        while True:
            try:
                changed = await self._feed.wait(_WAIT_SECONDS)
                if changed or time.monotonic() - self._asked > _ASK_SECONDS:
                    await self.load()
                    await self._note_used()
                if time.monotonic() - self._forgot > _FORGET_SECONDS:
                    self._forgot = time.monotonic()
                    await self._store.forget_old()
                self.directory.tell_ended()
                failures = 0
            except SwitchboardError as error:
                _log.warning("access_not_followed", error=str(error))
                await asyncio.sleep(backoff.pause(failures))
                failures += 1
                self._asked = 0.0

    async def _note_used(self) -> None:
        used = self.directory.take_used()
        if not used:
            return
        try:
            await self._store.note_used(used)
        except SwitchboardError as error:
            _log.warning("access_use_not_noted", error=str(error))
