"""The Sent folder: whether a mail that may have left did leave, and the copy of what was sent.

Above: `adapter`. Below: `imap`, over a short connection of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from channels.email.accounts import Server
from channels.email.blocking import OwnThread
from channels.email.imap import ImapSession, MailboxError
from channels.email.settings import EmailSettings

_log = structlog.get_logger("email")


class Outbox:
    """The Sent folder of one mailbox, if it can be read over IMAP."""

    def __init__(self, server: Server | None, settings: EmailSettings) -> None:
        self._server = server
        self._settings = settings

    async def has(self, message_id: str) -> bool:
        """True if a mail with this Message-ID was sent. False also if that cannot be found out."""
        if self._server is None:
            return False
        try:
            async with self._open(self._server) as (session, thread):
                return await thread.call(session.find_sent, self._settings.sent_folder, message_id)
        except MailboxError as error:
            _log.warning("sent_folder_unread", error=str(error))
            return False

    async def keep(self, raw: bytes) -> None:
        """Put a copy there, where that is wanted. The mail has left: a failure changes nothing."""
        if self._server is None or not self._settings.sent_copy:
            return
        try:
            async with self._open(self._server) as (session, thread):
                await thread.call(session.keep_sent, self._settings.sent_folder, raw)
        except MailboxError as error:
            _log.warning("sent_copy_failed", error=str(error))

    @asynccontextmanager
    async def _open(self, server: Server) -> AsyncGenerator[tuple[ImapSession, OwnThread]]:
        ca_file = str(self._settings.ca_file) if self._settings.ca_file else None
        session = ImapSession(
            server, timeout_seconds=self._settings.timeout_seconds, ca_file=ca_file
        )
        thread = OwnThread("imap-sent")
        clean = False
        try:
            await thread.call(session.connect, self._settings.folder)
            yield session, thread
            clean = True
        finally:
            if not clean:
                session.abort()
            thread.leave(session.close)
