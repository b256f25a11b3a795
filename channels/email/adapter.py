"""One mailbox as a channel account: mail in by IMAP or from the house's mail server, answers out.

Above: `registry`, the channel service, delivery. Below: `watcher`, `listener`, `intake`, `smtp`,
`outbox`, `loops`; what a mail says and how one is written is `mail`, `decode` and `encode`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from channels.base import Finding, House, Publish, Report
from channels.email.accounts import Account, read_accounts, read_forms
from channels.email.checks import check_account
from channels.email.child import ParserPool
from channels.email.encode import CAPABILITIES, Sender
from channels.email.intake import Intake, Read
from channels.email.letters import write_letter
from channels.email.listener import MailListener
from channels.email.loops import LoopGuard
from channels.email.mail import MailRules
from channels.email.outbox import Outbox
from channels.email.post import Correspondence, Write
from channels.email.settings import EmailSettings
from channels.email.smtp import MailSender
from channels.email.watcher import MailboxWatcher
from core.errors import ConfigError, PermanentDeliveryError
from core.messages import Outbound, Receipt

# What a server says of an address that is not there (not: of words or sizes that it does not like).
_NO_SUCH = re.compile(r"^5(?:50|51|53|56) (?!5\.7)|\b5\.1\.\d+\b|\b5\.2\.1\b")


class EmailAdapter:
    """See `ChannelAdapter`, `Checks`."""

    name = "email"
    capabilities = CAPABILITIES

    def __init__(
        self, account: Account, settings: EmailSettings, house: House, *, read: Read, write: Write,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        if account.smtp is None:
            raise ConfigError("no mail can leave: set EMAIL_SMTP_URL")
        self._account = account
        self._settings = settings
        self._house = house
        self.write = write
        self._close = close
        # A sender talks to its server for so long at most, from greeting to answer.
        self.deadline_seconds = settings.timeout_seconds * 2
        ca_file = str(settings.ca_file) if settings.ca_file else None
        self._sender = MailSender(
            account.smtp, timeout_seconds=settings.timeout_seconds, ca_file=ca_file,
            local_name=account.domain,
        )  # fmt: skip
        self._words = Sender(address=account.address, name=settings.name, secret=house.secret)
        self._outbox = Outbox(account.imap, settings)
        self._guard = LoopGuard(
            account.address, house.limits, unreachable_seconds=settings.unreachable_hours * 3600
        )
        self.intake = Intake(
            account.address, read=read, guard=self._guard, house=house,
            most_bytes=settings.max_bytes,
        )  # fmt: skip
        self._siblings: Sequence[EmailAdapter] = ()

    @property
    def account(self) -> str:
        """The mailbox's own address."""
        return self._account.address

    def listen_for(self, siblings: Sequence[EmailAdapter]) -> None:
        """This account runs the listener, for itself and these."""
        self._siblings = siblings

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """See `ChannelAdapter`."""
        async with self._listening(publish):
            server = self._account.imap
            if server is None:
                ready.set()
                await asyncio.Event().wait()
                return
            watcher = MailboxWatcher(self.account, server, self._settings)

            async def take(raw: bytes) -> None:
                await self.intake.take(raw, publish)

            async def take_large(head: bytes, size: int) -> None:
                await self.intake.take_large(head, size, publish)

            await watcher.run(take, take_large, self._house.limits, ready)

    @asynccontextmanager
    async def _listening(self, publish: Publish) -> AsyncGenerator[None]:
        if not self._siblings:
            yield
            return
        takers = {each.account: _taker(each.intake, publish) for each in self._siblings}
        async with MailListener(self._settings, takers).serving():
            yield

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter`. One mail holds all pieces; the same message is the same mail, down
        to its Message-ID, so a repeat is seen as one."""
        letter = await self.write(message)
        if message.sent_ids or (message.unsure and await self._outbox.has(letter.message_id)):
            return Receipt(platform_ids=(letter.platform_id,))
        await self._guard.check(letter.recipient, message)
        try:
            await self._sender.send(letter.sender, letter.recipient, letter.raw)
        except PermanentDeliveryError as error:
            if _NO_SUCH.search(str(error)):
                await self._guard.bounced(letter.recipient, str(error))
            raise
        await report((letter.platform_id,))
        await self._outbox.keep(letter.raw)
        return Receipt(platform_ids=(letter.platform_id,))

    async def post(
        self, to: str, subject: str, text: str, *, conversation: str | None = None, seq: int = 0
    ) -> None:
        """A mail of the house that is no entry (`letters`). Raises `ChannelError`."""
        raw = write_letter(self._words, to, subject, text, conversation=conversation, seq=seq)
        await self._sender.send(self.account, to, raw)

    async def check(self) -> Sequence[Finding]:
        """See `Checks`."""
        return await check_account(self._account, self._settings, self._sender)

    async def close(self) -> None:
        """See `ChannelAdapter`."""
        if self._close is not None:
            await self._close()


def build(settings: EmailSettings, house: House) -> list[EmailAdapter]:
    """An adapter for each mailbox. Raises `ConfigError`."""
    accounts = read_accounts(settings)
    rules = MailRules(
        own=frozenset(account.address for account in accounts),
        forms=read_forms(settings),
        authserv_id=settings.authserv_id,
        most_bytes=settings.max_bytes,
    )
    pool = ParserPool(rules)
    adapters: list[EmailAdapter] = []
    for account in accounts:
        words = Correspondence(account.address, settings, pool=pool, rules=rules, house=house)
        adapters.append(
            EmailAdapter(account, settings, house, read=words.read, write=words.write,
                         close=pool.close)
        )  # fmt: skip
    if settings.listen is not None:
        adapters[0].listen_for(adapters)
    return adapters


def _taker(intake: Intake, publish: Publish) -> Callable[[bytes], Awaitable[None]]:
    async def take(raw: bytes) -> None:
        await intake.take(raw, publish)

    return take
