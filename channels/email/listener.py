"""Takes mail from the house's own mail server, by LMTP or SMTP, for all mailboxes.

Above: the adapter of the first mailbox. Below: aiosmtpd, in our loop. "250" is said after the mail
was stored; when the store is away it is "451", and the mail server keeps the mail.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.email.settings import EmailSettings
from core.errors import BusUnavailable, ConfigError

# Takes a raw mail. Raises `BusUnavailable`: not stored, the sender must keep it.
Receive = Callable[[bytes], Awaitable[None]]

_log = structlog.get_logger("email")
_CONNECTIONS = 50
_RECIPIENTS = 50
_LINE_BYTES = 256 * 1024
_IDLE_SECONDS = 120
_OK = "250 2.0.0 stored"
_LATER = "451 4.3.0 cannot store it now, try again"
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f<>]")

# aiosmtpd logs every line of every session.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class _Bounded:
    """Mixed into both servers: so many connections at once, and long lines are read."""

    line_length_limit = _LINE_BYTES
    open: set[Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream: Any = transport
        if len(self.open) >= _CONNECTIONS:
            stream.write(b"421 4.3.2 too many connections\r\n")
        self.open.add(self)
        parent: Any = super()
        parent.connection_made(transport)
        if len(self.open) > _CONNECTIONS:
            stream.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.open.discard(self)
        parent: Any = super()
        parent.connection_lost(error)


class _Smtp(_Bounded, SMTP):  # pyright: ignore[reportIncompatibleMethodOverride]
    """SMTP, bounded."""


class _Lmtp(_Bounded, LMTP):  # pyright: ignore[reportIncompatibleMethodOverride]
    """LMTP, bounded."""


class MailListener:
    """The door for mail servers. `receivers`: by the address of each mailbox."""

    def __init__(self, settings: EmailSettings, receivers: Mapping[str, Receive]) -> None:
        self._settings = settings
        self._receivers = {address.casefold(): take for address, take in receivers.items()}
        self._domains = {address.rpartition("@")[2] for address in self._receivers}
        self._is_lmtp = settings.listen_protocol == "lmtp"
        self._open: set[Any] = set()
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Listen while the body runs. Raises `ConfigError` if the port is taken."""
        host, port = read_listen(self._settings.listen or "")
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._make, host, port)
        except OSError as error:
            raise ConfigError(
                f"cannot listen for mail on {host}:{port}: {error.strerror}"
            ) from None
        self.port = server.sockets[0].getsockname()[1]
        _log.info("mail_listener_open", host=host, port=self.port)
        try:
            yield
        finally:
            server.close()
            for protocol in list(self._open):
                protocol.transport.close()
            await server.wait_closed()

    def _make(self) -> asyncio.Protocol:
        kind: Any = _Lmtp if self._is_lmtp else _Smtp
        made = kind(
            self, data_size_limit=self._settings.max_bytes, enable_SMTPUTF8=True,
            hostname="localhost", ident="Switchboard", timeout=_IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )  # fmt: skip
        made.open = self._open
        return made

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name for this hook
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only our own mailboxes: this is no relay."""
        if self._receiver(address) is None:
            if address.rpartition("@")[2].casefold() in self._domains:
                return "550 5.1.1 no such mailbox here"
            return "550 5.7.1 not for this domain"
        if len(envelope.rcpt_tos) >= _RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name for this hook
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        """Store it for each recipient. LMTP wants an answer for each, SMTP one for all."""
        answers = [await self._store(address, envelope) for address in envelope.rcpt_tos]
        if self._is_lmtp:
            return "\r\n".join(answers)
        return _OK if all(answer == _OK for answer in answers) else _LATER

    async def handle_exception(self, error: Exception) -> str:
        """Whatever went wrong here is not the mail's fault: the sender shall keep it."""
        _log.error("mail_listener_failed", error=repr(error))
        return _LATER

    async def _store(self, address: str, envelope: Envelope) -> str:
        receive = self._receiver(address)
        if receive is None:
            return _LATER
        try:
            await receive(_with_envelope(envelope, address))
        except BusUnavailable:
            return _LATER
        except Exception as error:  # noqa: BLE001 -- a mail that cannot be stored stays where it is
            _log.error("mail_not_stored", error=repr(error))
            return _LATER
        return _OK

    def _receiver(self, address: str) -> Receive | None:
        """The mailbox of this address, whatever stands behind a + in it."""
        whole = address.casefold()
        name, _, domain = whole.rpartition("@")
        bare = f"{name.partition('+')[0]}@{domain}"
        return self._receivers.get(whole) or self._receivers.get(bare)


def _with_envelope(envelope: Envelope, address: str) -> bytes:
    """The mail as a mailbox holds it: who sent it and to whom stands on top."""
    content = envelope.content or b""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    sender = _UNPRINTABLE.sub("", envelope.mail_from or "")
    recipient = _UNPRINTABLE.sub("", address)
    return f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode() + raw


def read_listen(text: str) -> tuple[str, int]:
    """Raises `ConfigError`."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 65_536):
        raise ConfigError("SWITCHBOARD_EMAIL__LISTEN must look like 127.0.0.1:2424")
    return host.strip("[]"), int(port)
