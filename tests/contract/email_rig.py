"""The rigs of email's two ways in: a real Dovecot that is read, a mail server that hands over.

Above: `test_channels`. Below: `tests.fakes.mail`. A customer's hands are a mail program: it names
the mail that it answers, and shows mails of one Message-ID once. What leaves goes to an SMTP server
that keeps it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.utils import make_msgid

from channels.base import Capabilities, House
from channels.email.adapter import EmailAdapter, build
from channels.email.encode import CAPABILITIES
from channels.email.settings import EmailSettings
from tests.contract.channel_rig import File, Noise, NotOnThisWire, SendFault, Shown
from tests.fakes.mail.dovecot import PASSWORD, Dovecot, held_port
from tests.fakes.mail.imap_proxy import ImapProxy
from tests.fakes.mail.queue import MailQueue
from tests.fakes.mail.servers import HELP
from tests.fakes.mail.smtp_sink import SmtpSink, Taken

_ONE_MAIL = "a mail has no such thing"


class MailRig(ABC):
    """What both have in common. See `channel_rig.ChannelRig`."""

    channel = "email"
    capabilities: Capabilities = CAPABILITIES
    exempt: Mapping[str, str] = {
        "in:edit": _ONE_MAIL,
        "in:delete": _ONE_MAIL,
        "in:button": "a mail has no buttons: choices are numbered lines",
        "out:typing": _ONE_MAIL,
        "out:preview": _ONE_MAIL,
        "out:pieces": "an answer is one mail, however long",
        "out:edit": "a mail that was sent cannot be changed: the desk is told so",
        "out:delete": "a mail that was sent cannot be called back: the desk is told so",
        "out:rate-limit": "SMTP names no time to wait: such a refusal is temporary",
    }

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._last = b""
        self._threads: dict[str, list[str]] = {}

    def make_adapter(self, house: House) -> EmailAdapter:
        settings = EmailSettings.model_validate(
            {"address": HELP, "smtp_url": self._sink.url, "timeout_seconds": 5, **self._way_in()}
        )
        (adapter,) = build(settings, house)
        return adapter

    @abstractmethod
    def _way_in(self) -> dict[str, object]:
        """The settings of this way in."""

    @abstractmethod
    def _put(self, raw: bytes) -> None:
        """The mail arrives where the gateway gets it from."""

    def opened_at(self, url: str) -> None:  # noqa: B027 -- part of a rig, and nothing to do here
        """Nobody calls us over HTTP."""

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        mail = self._mail(who, text)
        thread = self._threads.setdefault(who, [])
        for sent in self._to(who):
            if sent.mail["Message-ID"] not in thread:
                thread.append(sent.mail["Message-ID"])
        if thread:
            mail["In-Reply-To"] = reply_to or thread[-1]
            mail["References"] = " ".join([*thread, *([reply_to] if reply_to else [])])
        for file in files:
            main, _, sub = file.media_type.partition("/")
            mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
        thread.append(mail["Message-ID"])
        self._put(mail.as_bytes())
        return mail["Message-ID"]

    async def edits(self, who: str, message: str, text: str) -> None:
        raise NotOnThisWire(self.exempt["in:edit"])

    async def deletes(self, who: str, message: str) -> None:
        raise NotOnThisWire(self.exempt["in:delete"])

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        raise NotOnThisWire(self.exempt["in:button"])

    async def noise(self, who: str, kind: Noise) -> None:
        match kind:
            case "own":
                mail = self._mail(who, "A copy of what we wrote.")
                mail.replace_header("From", HELP)
                self._put(mail.as_bytes())
            case "bot":
                mail = self._mail(who, "I am away until Monday.")
                mail["Auto-Submitted"] = "auto-replied"
                self._put(mail.as_bytes())
            case "unsupported":
                mail = self._mail(who, "")
                mail.set_content(b"BEGIN:VCALENDAR", maintype="application", subtype="x-unknown")
                self._put(mail.as_bytes())
            case "garbage":
                self._put(b"\xff\xfe\x00 no header at all\r\n\x80\x81")

    def got(self, who: str) -> list[Shown]:
        shown: dict[str, Shown] = {}
        for taken in self._to(who):
            mail = taken.mail
            files = [
                File(part.get_filename() or "", part.get_content_type(), part.get_content())
                for part in mail.iter_attachments()
            ]
            name = mail["Message-ID"]
            shown.setdefault(name, Shown(id=name, text=_written(taken.text), files=tuple(files)))
        return list(shown.values())

    def saw_typing(self, who: str) -> int:
        return 0

    async def repeats(self) -> None:
        self._put(self._last)

    def fails(self, kind: SendFault, *, who: str | None = None, after: int = 0,
              seconds: float = 0.0) -> None:  # fmt: skip
        recipient = _address(who) if who else None
        match kind:
            case "temporary" | "rate_limit":
                self._sink.fail("rcpt", "451 4.7.1 later", recipient=recipient, after=after)
            case "permanent":
                self._sink.fail("data", "554 5.7.1 refused", recipient=recipient, after=after)
            case "unsure":
                self._sink.fail("after_data", "cut", recipient=recipient, after=after)

    def send_attempts(self, who: str) -> int:
        return self._sink.tried.count(_address(who))

    def _to(self, who: str) -> list[Taken]:
        return [taken for taken in self._sink.taken if taken.recipient == _address(who)]

    def _mail(self, who: str, text: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = f"{who.title()} <{_address(who)}>"
        mail["To"] = HELP
        mail["Subject"] = ""
        mail["Message-ID"] = make_msgid(domain="customer.test")
        mail.set_content(text)
        return mail


class EmailRig(MailRig):
    """A mailbox, read by IMAP."""

    def __init__(self, dovecot: Dovecot, proxy: ImapProxy, sink: SmtpSink) -> None:
        super().__init__(sink)
        self._dovecot = dovecot
        self._proxy = proxy

    @property
    def secrets(self) -> tuple[str, ...]:
        return (f":{PASSWORD}@", "geheim-smtp", "a-secret-of-this-house")

    def _way_in(self) -> dict[str, object]:
        return {"imap_url": self._dovecot.url(HELP, port=self._proxy.port), "idle_seconds": 0.05,
                "old_mail": "answer"}  # fmt: skip

    def environ(self) -> dict[str, str]:
        """How a process of its own is told of this mailbox."""
        return {
            "EMAIL_ADDRESS": HELP, "EMAIL_SMTP_URL": self._sink.url,
            "EMAIL_IMAP_URL": self._dovecot.url(HELP, port=self._proxy.port),
            "SWITCHBOARD_EMAIL__IDLE_SECONDS": "0.2", "SWITCHBOARD_EMAIL__OLD_MAIL": "answer",
        }  # fmt: skip

    async def redelivers(self) -> None:
        """The mailbox keeps what was not marked."""

    def unacknowledged(self) -> int:
        return self._dovecot.untaken(HELP)

    async def cuts(self) -> None:
        self._proxy.cut()

    def _put(self, raw: bytes) -> None:
        self._last = raw
        self._dovecot.put(HELP, raw)


class ListenerRig(MailRig):
    """No mailbox: the house's own mail server hands each mail over by LMTP."""

    secrets: tuple[str, ...] = ("geheim-smtp", "a-secret-of-this-house")

    def __init__(self, queue: MailQueue, port: int, sink: SmtpSink) -> None:
        super().__init__(sink)
        self._queue = queue
        self._port = port

    def _way_in(self) -> dict[str, object]:
        return {"listen": f"127.0.0.1:{self._port}", "listen_protocol": "lmtp"}

    async def redelivers(self) -> None:
        self._queue.flush()

    def unacknowledged(self) -> int:
        return len(self._queue.waiting)

    async def cuts(self) -> None:
        self._queue.cut()

    def _put(self, raw: bytes) -> None:
        self._last = raw
        self._queue.put(raw, sender="mx@customer.test", recipient=HELP)


def _address(who: str) -> str:
    return f"{who}@customer.test"


def _written(text: str) -> str:
    """What stands above the quoted mail."""
    return text.replace("\r\n", "\n").strip()


@asynccontextmanager
async def open_email(dovecot: Dovecot) -> AsyncGenerator[EmailRig]:
    """The servers run until the end of the block, with new mailboxes."""
    dovecot.clear()
    proxy, sink = ImapProxy(dovecot.imap), SmtpSink(login=("help", "geheim-smtp"))
    async with proxy.serving(), sink.serving():
        yield EmailRig(dovecot, proxy, sink)


@asynccontextmanager
async def open_listener() -> AsyncGenerator[ListenerRig]:
    """The mail server runs until the end of the block."""
    sink = SmtpSink(login=("help", "geheim-smtp"))
    with held_port() as port:
        queue = MailQueue(port)
        async with sink.serving(), queue.serving():
            yield ListenerRig(queue, port, sink)
