"""An SMTP server that keeps what it gets, and fails at a stage as told.

Above: tests of the email wire. Below: aiosmtpd, in the loop of the test. The transaction itself is
that library's; what is scripted here is only what a server may answer, or not.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Stage = Literal["connect", "mail", "rcpt", "data", "after_data"]


@dataclass(frozen=True)
class Fault:
    """At this stage: an answer such as `451 4.7.1 later`, `cut`, or `hang`. `after_data` is after
    the mail was kept: the answer is lost on its way."""

    stage: Stage
    what: str
    recipient: str | None = None
    after: int = 0


@dataclass(frozen=True)
class Taken:
    """A mail that was taken."""

    sender: str
    recipient: str
    raw: bytes
    at: float = field(default_factory=time.perf_counter)

    @property
    def mail(self) -> EmailMessage:
        """Parsed."""
        found: Any = message_from_bytes(self.raw, policy=policy.default)
        return found

    @property
    def text(self) -> str:
        """The plain text."""
        part: Any = self.mail.get_body(("plain",))
        return part.get_content() if part is not None else ""


class _Server(SMTP):
    """Drops or delays the connection where the script says so."""

    sink: SmtpSink

    async def _handle_client(self) -> None:
        fault = self.sink.next_fault("connect")
        if fault is not None and self.transport is not None:
            if fault == "hang":
                await self.sink.released.wait()
            elif fault != "cut":
                self._writer.write(fault.encode() + b"\r\n")
            self.transport.close()
            return
        await super()._handle_client()


class SmtpSink:
    """One server. `faults` are used up one by one, in order of their stages' turn."""

    def __init__(self, *, login: tuple[str, str] | None = None, certificate: Path | None = None,
                 implicit_tls: bool = False) -> None:  # fmt: skip
        self.taken: list[Taken] = []
        self.refused: list[str] = []
        self.tried: list[str] = []
        self.faults: deque[Fault] = deque()
        self.always: dict[str, str] = {}
        self.released = asyncio.Event()
        self.port = 0
        self.connections = 0
        self._login = login
        self._implicit = implicit_tls
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    @property
    def url(self) -> str:
        """As EMAIL_SMTP_URL."""
        kind = "smtps" if self._implicit else "smtp"
        host = "localhost" if self._implicit else "127.0.0.1"
        user = ":".join(self._login) + "@" if self._login else ""
        return f"{kind}://{user}{host}:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[SmtpSink]:
        """Serve while the body runs."""
        loop = asyncio.get_running_loop()
        tls = self._context if self._implicit else None
        server = await loop.create_server(self._make, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.released.set()
            server.close()

    def fail(
        self, stage: Stage, what: str, *, times: int = 1, recipient: str | None = None,
        after: int = 0,
    ) -> None:  # fmt: skip
        """The next `times` mails (to `recipient`) fail so, after `after` good ones."""
        self.faults.extend([Fault(stage, what, recipient, after)] * times)

    def next_fault(self, stage: Stage, recipients: Sequence[str] = ()) -> str | None:
        """What goes wrong now, if it is this stage's turn."""
        if stage in self.always:
            return self.always[stage]
        for fault in self.faults:
            if fault.stage != stage or fault.recipient not in (None, *recipients):
                continue
            self.faults.remove(fault)
            if fault.after:
                self.faults.appendleft(replace(fault, after=fault.after - 1))
                return None
            return fault.what
        return None

    def _make(self) -> asyncio.Protocol:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is told to take a login without TLS
            made = _Server(
                self, hostname="sink.test", timeout=60, enable_SMTPUTF8=True,
                tls_context=None if self._implicit else self._context,
                auth_require_tls=False, authenticator=self._authenticate if self._login else None,
                auth_required=self._login is not None, loop=asyncio.get_running_loop(),
            )  # fmt: skip
        made.sink = self
        return made

    def _authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and self._login == (
            data.login.decode(), data.password.decode(),
        )  # fmt: skip
        return AuthResult(success=good, handled=good)

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self._act("mail", server)
        if said is None:
            envelope.mail_from = address
        return said or "250 ok"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tried.append(address)
        said = await self._act("rcpt", server, address)
        if said is None:
            envelope.rcpt_tos.append(address)
        else:
            self.refused.append(address)
        return said or "250 ok"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        said = await self._act("data", server, *envelope.rcpt_tos)
        if said is not None:
            return said
        content: Any = envelope.content
        for recipient in envelope.rcpt_tos:
            self.taken.append(Taken(envelope.mail_from or "", recipient, bytes(content)))
        return await self._act("after_data", server, *envelope.rcpt_tos) or "250 kept"

    async def _act(self, stage: Stage, server: Any, *recipients: str) -> str | None:
        fault = self.next_fault(stage, recipients)
        if fault == "hang":
            await self.released.wait()
        if fault == "cut":
            server.transport.abort()
            await asyncio.sleep(3600)
        return fault
