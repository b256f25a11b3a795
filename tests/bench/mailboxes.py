"""Many mailboxes on a real Dovecot, their customers, and what the answers took.

Above: `test_many_chats`. Below: `tests.fakes.mail`. Mail is handed to Dovecot by LMTP, as a mail
server does; answers go to an SMTP server that keeps them.
"""

from __future__ import annotations

import asyncio
import smtplib
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid

from tests.fakes.mail.dovecot import DOMAIN, Dovecot
from tests.fakes.mail.servers import mail_folder
from tests.fakes.mail.smtp_sink import SmtpSink


@dataclass
class Mailboxes:
    """So many of them; each mail is from a customer of its own."""

    server: Dovecot
    sink: SmtpSink
    _line: smtplib.LMTP | None = None

    def environ(self) -> dict[str, str]:
        """How a process is told of them."""
        return {
            "EMAIL_ADDRESS": ",".join(self.server.users), "EMAIL_SMTP_URL": self.sink.url,
            "EMAIL_IMAP_URL": ",".join(map(self.server.url, self.server.users)),
            "SWITCHBOARD_EMAIL__OLD_MAIL": "answer",
        }  # fmt: skip

    async def talk(self, each: int, *, over_seconds: float) -> list[float]:
        """So many mails to each mailbox, spread over this time; the seconds until each answer."""
        sent: dict[str, float] = {}
        pause = over_seconds / (each * len(self.server.users))
        for number in range(each):
            for place, box in enumerate(self.server.users):
                began = time.perf_counter()
                who = f"guest{place}x{number}@customer.test"
                await asyncio.to_thread(self._hand_over, who, box)
                sent[who] = began
                await asyncio.sleep(max(0.0, pause - (time.perf_counter() - began)))
        return await self._wait(sent)

    async def _wait(self, sent: dict[str, float]) -> list[float]:
        async with asyncio.timeout(300):
            while len({taken.recipient for taken in self.sink.taken} & sent.keys()) < len(sent):
                await asyncio.sleep(0.02)
        assert len(self.sink.taken) == len(sent)
        return [taken.at - sent[taken.recipient] for taken in self.sink.taken]

    def _hand_over(self, who: str, box: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = who, box, "A question"
        mail["Message-ID"] = make_msgid(domain="customer.test")
        mail.set_content(f"Where is the parcel of {who}?")
        if self._line is None:  # one for all, as a mail server keeps it
            self._line = smtplib.LMTP("127.0.0.1", self.server.lmtp, local_hostname=DOMAIN)
        self._line.send_message(mail, who, [box])

    def close(self) -> None:
        """No more mails."""
        if self._line is not None:
            self._line.close()


@asynccontextmanager
async def open_mailboxes(count: int) -> AsyncGenerator[Mailboxes]:
    """The servers run until the end of the block."""
    sink = SmtpSink()
    with mail_folder() as folder:
        users = [f"box{number}@{DOMAIN}" for number in range(count)]
        server = Dovecot(folder, users=users).start()
        try:
            async with sink.serving():
                opened = Mailboxes(server, sink)
                yield opened
                opened.close()
        finally:
            server.kill()
