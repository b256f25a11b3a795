"""One connection to a mailbox: blocking calls, made in a thread of their own.

Above: `watcher`, `outbox`. Below: IMAPClient. Every error of the vendor leaves as `MailboxError`.

What was taken is marked on the server, so nothing has to be remembered here: a change of
UIDVALIDITY, a new connection or another process find the same mails waiting. The mark is a keyword
of ours, because people read the same mailbox and set \\Seen; a server that keeps no keywords is
marked with \\Seen after all.
"""

from __future__ import annotations

import imaplib
import select
import socket
import ssl
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from channels.email.accounts import Server
from channels.email.oauth import TokenError
from core.errors import ChannelError

KEYWORD = b"Switchboard"
_SEEN = b"\\Seen"
# So many mails are asked for at once; the rest comes in the next round.
_ROUND = 50


class MailboxError(ChannelError):
    """The mailbox cannot be read now; `refused`: it will not let us in as things stand."""

    code = "mailbox"
    retryable = True

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True)
class Waiting:
    """A mail that has not been taken yet."""

    uid: int
    size: int
    arrived_at: datetime


class ImapSession:
    """A connection, logged in, with the folder open. Not for two threads at once, save `abort`."""

    def __init__(self, server: Server, *, timeout_seconds: float, ca_file: str | None) -> None:
        self._server = server
        self._timeout = timeout_seconds
        self._context = ssl.create_default_context(cafile=ca_file)
        self._client: Any = None
        self._mark = KEYWORD
        self._aborted = False
        self._old: set[int] = set()
        self.uidvalidity = 0

    def connect(self, folder: str) -> None:
        """Log in and open the folder."""
        with self._translated("connect"):
            self._client = client = IMAPClient(
                self._server.host, self._server.port, ssl=self._server.implicit_tls,
                ssl_context=self._context if self._server.implicit_tls else None,
                timeout=self._timeout,
            )  # fmt: skip
            if not self._server.implicit_tls:
                self._encrypt(client)
            self._login(client)
            self._open(folder)
        if self._aborted:
            raise MailboxError("stopped")

    def _login(self, client: Any) -> None:
        tokens = self._server.tokens
        if tokens is None:
            client.login(self._server.user, self._server.password)
            return
        try:
            token = tokens.get()
        except TokenError as error:
            raise MailboxError(str(error), refused=error.refused) from None
        try:
            client.oauth2_login(self._server.user, token)
        except LoginError:
            tokens.forget(token)
            raise

    def _encrypt(self, client: Any) -> None:
        if client.has_capability("STARTTLS") and not self._server.is_here:
            client.starttls(self._context)
        elif not self._server.is_here:
            raise MailboxError(f"{self._server} offers no encryption: use imaps://", refused=True)

    def _open(self, folder: str) -> None:
        opened = self._client.select_folder(folder)
        self.uidvalidity = int(opened.get(b"UIDVALIDITY", 0))
        lasting = opened.get(b"PERMANENTFLAGS", ())
        keeps = b"\\*" in lasting or any(flag.lower() == KEYWORD.lower() for flag in lasting)
        self._mark = KEYWORD if keeps else _SEEN

    def waiting(self, *, since: datetime | None, without: Collection[int] = ()) -> list[Waiting]:
        """Mails without our mark that arrived at `since` or later, oldest first."""
        criteria: list[Any] = ["UNDELETED"]
        criteria += ["UNSEEN"] if self._mark == _SEEN else ["UNKEYWORD", KEYWORD.decode()]
        if since is not None:  # the server's days may be others than ours
            criteria += ["SINCE", (since - timedelta(days=1)).date()]
        with self._translated("search"):
            left = sorted(set(self._client.search(criteria)) - self._old - set(without))
            mails: list[Waiting] = []
            while left and len(mails) < _ROUND:
                chunk, left = left[:_ROUND], left[_ROUND:]
                mails += self._look(chunk, since)
        return mails

    def _look(self, uids: Sequence[int], since: datetime | None) -> list[Waiting]:
        found = self._client.fetch(uids, [b"RFC822.SIZE", b"INTERNALDATE"])
        mails: list[Waiting] = []
        for uid, data in sorted(found.items()):
            if b"RFC822.SIZE" not in data or b"INTERNALDATE" not in data:
                continue
            mail = Waiting(uid, int(data[b"RFC822.SIZE"]), _aware(data[b"INTERNALDATE"]))
            if since is not None and mail.arrived_at < since:
                self._old.add(uid)
            else:
                mails.append(mail)
        return mails

    def read(self, uid: int, *, most_bytes: int | None = None) -> bytes | None:
        """The raw mail without marking it, or its beginning; None if it is gone since."""
        part = b"BODY.PEEK[]" if most_bytes is None else b"BODY.PEEK[]<0.%d>" % most_bytes
        with self._translated("fetch"):
            found = self._client.fetch([uid], [part]).get(uid, {})
        for name, value in found.items():
            if name.startswith(b"BODY[") and isinstance(value, bytes):
                return value
        return None

    def newest_heads(self, count: int, field: str) -> list[bytes]:
        """This field, with its name, in the heads of the newest mails; nothing is marked."""
        part = f"BODY.PEEK[HEADER.FIELDS ({field})]".encode()
        with self._translated("fetch"):
            uids = sorted(self._client.search(["ALL"]))[-count:]
            found: dict[int, dict[bytes, Any]] = self._client.fetch(uids, [part]) if uids else {}
        return [
            value
            for data in found.values()
            for name, value in data.items()
            if name.startswith(b"BODY[") and isinstance(value, bytes)
        ]

    def mark(self, uids: Sequence[int], *, move_to: str | None = None) -> None:
        """These were taken: they are not shown as waiting again."""
        with self._translated("mark"):
            self._client.add_flags(list(uids), [self._mark, _SEEN], silent=True)
            if move_to is not None:
                self._move(uids, move_to)

    def _move(self, uids: Sequence[int], folder: str) -> None:
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        if self._client.has_capability("MOVE"):
            self._client.move(list(uids), folder)
            return
        self._client.copy(list(uids), folder)
        self._client.delete_messages(list(uids), silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(list(uids))

    @property
    def can_idle(self) -> bool:
        """True if the server tells when mail comes."""
        with self._translated("capability"):
            return bool(self._client.has_capability("IDLE"))

    @property
    def keeps_marks(self) -> bool:
        """True if the server keeps a mark of ours beside \\Seen."""
        return self._mark == KEYWORD

    def wait(self, seconds: float) -> None:
        """Return when something changed in the folder, or after `seconds`."""
        with self._translated("idle"):
            self._client.idle()
            if not self._has_more():
                poller = select.poll()
                poller.register(self._client.socket().fileno(), select.POLLIN)
                poller.poll(seconds * 1000)
            self._client.idle_done()

    def _has_more(self) -> bool:
        """True if what the server said already lies in our buffers, where no poll can see it."""
        connection = self._client.socket()
        pending = getattr(connection, "pending", None)
        if pending is not None and pending():
            return True
        reader = getattr(self._client._imap, "file", None)
        if reader is None:
            return False
        connection.setblocking(False)
        try:
            return bool(reader.peek(1))
        except OSError:
            return False
        finally:
            connection.settimeout(self._timeout)

    def noop(self) -> None:
        """Ask for nothing: shows whether the connection lives, and new mail to a `search`."""
        with self._translated("noop"):
            self._client.noop()

    def find_sent(self, folder: str | None, message_id: str) -> bool:
        """True if a mail with this Message-ID lies in the Sent folder."""
        with self._translated("search"):
            name = self._sent_folder(folder)
            if name is None:
                return False
            self._client.select_folder(name, readonly=True)
            return bool(self._client.search(["HEADER", "Message-ID", message_id]))

    def keep_sent(self, folder: str | None, raw: bytes) -> bool:
        """Put a copy into the Sent folder; False if there is none."""
        with self._translated("append"):
            name = self._sent_folder(folder)
            if name is None:
                return False
            self._client.append(name, raw, flags=(_SEEN,))
            return True

    def _sent_folder(self, folder: str | None) -> str | None:
        if folder is not None:
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
            return folder
        return self._client.find_special_folder(b"\\Sent")

    def abort(self) -> None:
        """From any thread: whatever the other thread waits for ends now, with an error."""
        self._aborted = True
        connection = self._socket()
        if connection is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave; never raises."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.logout()
        except (IMAPClientError, OSError, AttributeError, ValueError):
            with suppress(IMAPClientError, OSError, AttributeError, ValueError):
                client.shutdown()

    def _socket(self) -> socket.socket | None:
        try:
            return self._client.socket() if self._client is not None else None
        except (AttributeError, OSError):
            return None

    @contextmanager
    def _translated(self, doing: str) -> Generator[None]:
        try:
            yield
        except MailboxError:
            raise
        except LoginError as error:
            # IMAPClient calls it the same when the connection ended in the middle of it.
            cut = isinstance(error.__context__, imaplib.IMAP4.abort) or "[UNAVAILABLE]" in str(
                error
            )
            raise MailboxError(
                f"{self._server} refuses the login: {error}", refused=not cut
            ) from None
        except ssl.SSLCertVerificationError as error:
            reason = f"the certificate of {self._server} is not trusted: {error.verify_message}"
            raise MailboxError(reason, refused=True) from None
        except (IMAPClientError, imaplib.IMAP4.error, OSError, ValueError, KeyError) as error:
            raise MailboxError(f"{doing} at {self._server}: {error!r}") from None
        except AttributeError:  # the other thread has closed it under our hands
            raise MailboxError(f"{doing} at {self._server}: closed") from None


def _aware(at: datetime) -> datetime:
    return at.astimezone() if at.tzinfo is None else at
