"""Hands one mail to the mail server; what went wrong leaves as the error that says what to do next.

Above: `adapter`. Below: aiosmtplib. The stages are told apart: before the text was sent nothing can
have arrived; once it was sent and no answer came, it may have.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
)

from channels.email.accounts import Server
from channels.email.oauth import TokenError
from core.errors import ChannelError, PermanentDeliveryError, TemporaryDeliveryError

# So many connections to one server at once; more wait for their turn.
_CONNECTIONS = 4
_LOCAL_NAME = "localhost"


class MailSender:
    """Sends through one server."""

    def __init__(
        self, server: Server, *, timeout_seconds: float, ca_file: str | None, local_name: str
    ) -> None:
        self._server = server
        self._timeout = timeout_seconds
        self._context = ssl.create_default_context(cafile=ca_file)
        self._local_name = local_name or _LOCAL_NAME
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Returns when the server took it. Raises `TemporaryDeliveryError` (`certain` unless the
        text had been sent) or `PermanentDeliveryError`."""
        async with self._turns, self._connected() as smtp:
            try:
                await smtp.mail(sender, options=self._options(smtp, raw))
                await smtp.rcpt(recipient)
            except SMTPException as error:
                raise self._judge(error, certain=True) from None
            try:
                await smtp.data(raw)
            except SMTPException as error:
                raise self._judge(error, certain=False) from None

    async def check(self) -> bool:
        """Log in and leave. True if the connection was encrypted. Raises as `send` does."""
        async with self._connected() as smtp:
            transport = smtp.transport
            return transport is not None and transport.get_extra_info("ssl_object") is not None

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[aiosmtplib.SMTP]:
        smtp = aiosmtplib.SMTP(
            hostname=self._server.host, port=self._server.port, timeout=self._timeout,
            use_tls=self._server.implicit_tls,
            start_tls=not self._server.implicit_tls and not self._server.is_here,
            tls_context=self._context, local_hostname=self._local_name,
        )  # fmt: skip
        try:
            await self._enter(smtp)
            yield smtp
        finally:
            await _leave(smtp)

    async def _enter(self, smtp: aiosmtplib.SMTP) -> None:
        try:
            await smtp.connect()
            await self._login(smtp)
        except SMTPAuthenticationError as error:
            # The mail is not at fault: it can go when the password is right again.
            reason = f"{self._server} refuses the login: {error.code}"
            raise TemporaryDeliveryError(reason) from None
        except SMTPNotSupported as error:
            reason = f"{self._server} offers no encryption or no login: {error.message}"
            raise TemporaryDeliveryError(reason) from None
        except (SMTPException, OSError) as error:
            cause = error.__cause__ or error
            if isinstance(cause, ssl.SSLCertVerificationError):
                said = f"the certificate of {self._server} is not trusted: {cause.verify_message}"
                raise TemporaryDeliveryError(said) from None
            raise TemporaryDeliveryError(f"{self._server}: {_name(error)}") from None

    async def _login(self, smtp: aiosmtplib.SMTP) -> None:
        tokens, user = self._server.tokens, self._server.user
        if tokens is None:
            if user:
                await smtp.login(user, self._server.password)
            return
        try:
            token = await asyncio.to_thread(tokens.get)
        except TokenError as error:
            raise TemporaryDeliveryError(str(error)) from None
        try:
            await smtp.auth_xoauth2(user, token)
        except SMTPAuthenticationError:
            tokens.forget(token)
            raise

    def _judge(self, error: SMTPException, *, certain: bool) -> ChannelError:
        """4xx: later; 5xx: never; no answer: it may have arrived if its text was on the way."""
        if isinstance(error, SMTPResponseException) and not isinstance(error, SMTPConnectError):
            said = f"{error.code} {_one_line(error.message)}"
            if 500 <= error.code < 600:
                return PermanentDeliveryError(said)
            return TemporaryDeliveryError(said, certain=400 <= error.code < 500 or certain)
        return TemporaryDeliveryError(f"{self._server}: {_name(error)}", certain=certain)

    def _options(self, smtp: aiosmtplib.SMTP, raw: bytes) -> list[str]:
        options = [f"SIZE={len(raw)}"] if smtp.supports_extension("size") else []
        if smtp.supports_extension("8bitmime") and not raw.isascii():
            options.append("BODY=8BITMIME")
        return options


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    """Say goodbye in short, else hang up."""
    try:
        if smtp.is_connected:
            await smtp.quit(timeout=1)
    except (SMTPException, OSError):
        pass
    finally:
        smtp.close()


def _name(error: Exception) -> str:
    """What happened, in one line, without what was sent."""
    cause = f" ({error.__cause__!r})" if error.__cause__ is not None else ""
    return f"{type(error).__name__}: {_one_line(str(error) + cause)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
