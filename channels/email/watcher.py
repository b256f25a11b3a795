"""Follows one mailbox: takes what waits, then waits for more; comes back after every fault.

Above: `adapter`. Below: `imap` in a thread of its own. A mail is marked only after `receive`
returned, so whatever happens in between (the store is down, the connection is cut, the process is
killed) the server shows it again, and its id tells that it was there before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from channels.email.accounts import Server
from channels.email.blocking import OwnThread
from channels.email.imap import ImapSession, MailboxError, Waiting
from channels.email.settings import EmailSettings
from core.errors import BusUnavailable
from core.limits import Limits
from core.runtime import Backoff

# Takes a raw mail. Raises `BusUnavailable`: not stored, show it again.
Receive = Callable[[bytes], Awaitable[None]]
# Takes the beginning of a mail that is too large, and its size.
ReceiveLarge = Callable[[bytes, int], Awaitable[None]]

_log = structlog.get_logger("email")
_BACKOFF = Backoff(first=0.5, top=60.0)
# A login that was refused is not tried again soon: servers lock who tries too often.
_REFUSED = Backoff(first=60.0, top=900.0)
_STORE_AWAY = Backoff(first=0.5, top=15.0)
# The mail server's clock may be behind ours.
_CLOCKS_DIFFER = timedelta(minutes=2)
_HEAD_BYTES = 64 * 1024


class MailboxWatcher:
    """Reads one mailbox until cancelled."""

    def __init__(self, address: str, server: Server, settings: EmailSettings) -> None:
        self._address = address
        self._server = server
        self._settings = settings
        self._uidvalidity = 0

    async def run(
        self, receive: Receive, receive_large: ReceiveLarge, limits: Limits, ready: asyncio.Event
    ) -> None:
        """Until cancelled. `ready` is set once the mailbox is open."""
        failures = refusals = 0
        while True:
            try:
                async with self._open() as session:
                    failures = refusals = 0
                    ready.set()
                    await self._follow(session, receive, receive_large, limits)
            except MailboxError as error:
                refusals += error.refused
                failures += 1
                pause = _REFUSED.pause(refusals - 1) if error.refused else _BACKOFF.pause(failures)
                report = _log.error if error.refused else _log.warning
                report("mailbox_lost", account=self._address, error=str(error),
                       pause_seconds=round(pause, 1))  # fmt: skip
                await asyncio.sleep(pause)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[_Session]:
        ca_file = str(self._settings.ca_file) if self._settings.ca_file else None
        session = ImapSession(
            self._server, timeout_seconds=self._settings.timeout_seconds, ca_file=ca_file
        )
        thread = OwnThread(f"imap-{self._address}")
        clean = False
        try:
            await thread.call(session.connect, self._settings.folder)
            self._note_numbering(session.uidvalidity)
            yield _Session(session, thread)
            clean = True
        finally:
            if not clean:
                session.abort()
            thread.leave(session.close)

    def _note_numbering(self, uidvalidity: int) -> None:
        if self._uidvalidity not in (0, uidvalidity):
            _log.warning("mailbox_renumbered", account=self._address)
        self._uidvalidity = uidvalidity

    async def _follow(
        self, session: _Session, receive: Receive, receive_large: ReceiveLarge, limits: Limits
    ) -> None:
        can_idle = await session.thread.call(lambda: session.imap.can_idle)
        failures = 0
        while True:
            try:
                since = await self._since(limits)
                while mails := await session.waiting(since):
                    for mail in mails:
                        session.taken.add(mail.uid)
                        await self._take(session, mail, receive, receive_large)
                failures = 0
            except BusUnavailable:
                session.taken.clear()
                if not failures:
                    _log.warning("mail_waits_for_store", account=self._address)
                failures += 1
                await asyncio.sleep(_STORE_AWAY.pause(failures - 1))
                continue
            if can_idle:
                await session.thread.call(session.imap.wait, self._settings.idle_seconds)
            else:
                await asyncio.sleep(self._settings.poll_seconds)
                await session.thread.call(session.imap.noop)

    async def _since(self, limits: Limits) -> datetime | None:
        """From when on mail is answered: the time at which this mailbox was first looked into."""
        if self._settings.old_mail == "answer":
            return None
        first = await limits.first_time(f"email:{self._address}")
        return first - _CLOCKS_DIFFER

    async def _take(
        self, session: _Session, mail: Waiting, receive: Receive, receive_large: ReceiveLarge
    ) -> None:
        """One mail: read, store, then mark. One that a fault of ours does not let in stays
        unmarked, and holds up no other; it is tried again over the next connection."""
        try:
            await self._store(session, mail, receive, receive_large)
        except (BusUnavailable, MailboxError):
            raise
        except Exception:  # noqa: BLE001 -- whatever it is, the next mail must not wait for it
            _log.exception("mail_not_taken", account=self._address, uid=mail.uid)
            return
        await session.thread.call(session.imap.mark, [mail.uid], move_to=self._settings.done_folder)

    async def _store(
        self, session: _Session, mail: Waiting, receive: Receive, receive_large: ReceiveLarge
    ) -> None:
        imap, call = session.imap, session.thread.call
        if mail.size > self._settings.max_bytes:
            head = await call(imap.read, mail.uid, most_bytes=_HEAD_BYTES)
            if head is not None:
                await receive_large(head, mail.size)
        else:
            raw = await call(imap.read, mail.uid)
            if raw is not None:
                await receive(raw)


class _Session:
    """A connection and the thread it lives in."""

    def __init__(self, imap: ImapSession, thread: OwnThread) -> None:
        self.imap = imap
        self.thread = thread
        # A server that forgets our marks shows the same mails for ever.
        self.taken: set[int] = set()

    async def waiting(self, since: datetime | None) -> list[Waiting]:
        """What waits and was not taken over this connection."""
        return await self.thread.call(self.imap.waiting, since=since, without=self.taken)
