"""Mails of the house that are no entry of a conversation: codes, and word that one was entered.

Above: `adapter`, the composition root. Below: `encode`, `threads`, the standard library's MIME. The
words are the house's own: nothing that anybody typed stands in such a mail.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channels.email.addresses import is_address
from channels.email.encode import Sender, encode_words, mailbox
from channels.email.threads import make_message_id
from core.errors import PermanentDeliveryError


def write_letter(
    sender: Sender, to: str, subject: str, text: str, *, conversation: str | None = None,
    seq: int = 0,
) -> bytes:  # fmt: skip
    """The mail, ready to leave. With a conversation, an answer to it is a word in there. Raises
    `PermanentDeliveryError` if nobody can be written to."""
    if not is_address(to):
        raise PermanentDeliveryError("no address to write to")
    if conversation is None:
        message_id = f"house.{secrets.token_hex(16)}@{sender.domain}"
    else:
        message_id = make_message_id(
            conversation, seq, to, domain=sender.domain, secret=sender.secret
        )
    mail = EmailMessage(policy=SMTP)
    mail.set_content(f"{text}\n", cte="quoted-printable")
    lines = [
        ("From", mailbox(sender.name, sender.address)),
        ("To", to),
        ("Subject", encode_words(subject, first=9)),
        ("Date", format_datetime(datetime.now(UTC))),
        ("Message-ID", f"<{message_id}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Loop", sender.address),
    ]
    return "".join(f"{key}: {value}\r\n" for key, value in lines).encode() + mail.as_bytes()
