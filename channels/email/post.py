"""The mails of one mailbox, read and written: parsed in a child, files kept, threads remembered.

Above: `adapter`. Below: `child`, `decode`, `encode`, `threads`, what the house gives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from channels.base import House
from channels.email.child import ParserPool
from channels.email.decode import decode
from channels.email.encode import Sender, encode, message_id_of, pieces_of
from channels.email.intake import Bounced, Incoming
from channels.email.mail import Ignored, MailRules, ParsedMail, ThreadState
from channels.email.settings import EmailSettings
from channels.email.threads import UNVERIFIED, state_after
from core.errors import TooLarge, UnsupportedContent
from core.ids import email_message_ref
from core.messages import Address, Attachment, Outbound

_log = structlog.get_logger("email")
# How long a thread is remembered after the customer's last mail in it.
_THREAD_SECONDS = 180 * 86_400.0


@dataclass(frozen=True)
class Letter:
    """A mail that is ready to leave. `platform_id` is its Message-ID in the shape of an event's."""

    sender: str
    recipient: str
    message_id: str
    platform_id: str
    raw: bytes


# Writes the mail of a message; its files are read on the way.
Write = Callable[[Outbound], Awaitable[Letter]]


class Correspondence:
    """Reads and writes the mails of one mailbox."""

    def __init__(
        self,
        account: str,
        settings: EmailSettings,
        *,
        pool: ParserPool,
        rules: MailRules,
        house: House,
    ) -> None:
        self._account = account
        self._sender = Sender(
            address=account, name=settings.name, secret=house.secret,
            reply_token=settings.reply_token,
        )  # fmt: skip
        self._pool = pool
        self._rules = rules
        self._house = house

    async def read(self, raw: bytes) -> Incoming:
        """See `intake.Read`."""
        mail = await self._pool.parse(raw)
        files = () if mail.automatic is not None else await self._keep_files(mail)
        decoded = decode(
            mail, account=self._account, secret=self._house.secret, rules=self._rules, files=files
        )
        bounce = None
        if mail.bounce is not None:
            bounce = Bounced(mail.bounce.recipient, mail.bounce.status, mail.bounce.permanent)
        automatic = mail.automatic.kind if mail.automatic is not None else None
        if isinstance(decoded, Ignored):
            _log.info("mail_ignored", account=self._account, reason=decoded.reason)
            return Incoming(None, mail.from_address, automatic, bounce)
        if mail.automatic is None:
            state = state_after(mail).model_dump_json()
            name = _thread_name(decoded.address)
            await self._house.limits.keep(name, state, _THREAD_SECONDS)
        return Incoming(decoded, mail.from_address, automatic, bounce, whole_of(mail))

    async def write(self, message: Outbound) -> Letter:
        """See `Write`."""
        house, sender = self._house, self._sender
        pieces = pieces_of(message, house.phrases, house.link)
        files = [
            (piece.attachment, await house.open_file(piece.attachment))
            for piece in pieces
            if piece.attachment is not None
        ]
        raw = encode(message, await self._state(message.to), sender, pieces, files)
        message_id = message_id_of(message, sender)
        return Letter(
            sender=self._account, recipient=message.to.chat, message_id=f"<{message_id}>",
            platform_id=email_message_ref(self._account, message_id), raw=raw,
        )  # fmt: skip

    async def _state(self, address: Address) -> ThreadState:
        """Where the thread at this address stands; what the address tells alone if that is gone."""
        kept = await self._house.limits.kept(_thread_name(address))
        if kept is not None:
            return ThreadState.model_validate_json(kept)
        root = (address.thread or "").removeprefix(UNVERIFIED)
        known = bool(root) and not root.endswith("@digest")
        return ThreadState(last_id=root, references=(root,)) if known else ThreadState()

    async def _keep_files(self, mail: ParsedMail) -> tuple[Attachment, ...]:
        """Under ids that hang on the mail, so that a repeat keeps the same files."""
        name = mail.message_id or mail.digest
        kept: list[Attachment] = []
        for number, file in enumerate(mail.attachments):
            try:
                one = await self._house.put_file(
                    file.data, name=file.name, media_type=file.media_type,
                    key=f"email:{self._account}:{name}:{number}",
                )  # fmt: skip
            except (TooLarge, UnsupportedContent):
                one = Attachment(name=file.name, media_type=file.media_type, size=file.size)
            kept.append(one)
        return tuple(kept)


def whole_of(mail: ParsedMail) -> str:
    """The mail as people should be able to see it, with quotes and signature; empty if it says no
    more than what the engine reads."""
    more = " ".join(mail.full_text.split()) != " ".join(mail.text.split())
    remarks = [f"[{note}]" for note in mail.notes]
    return "\n".join([*remarks, mail.full_text.strip()]) if more or remarks else ""


def _thread_name(address: Address) -> str:
    return f"email:thread:{address.account}:{address.chat}:{address.thread or ''}"
