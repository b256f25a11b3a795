"""From a mail to an arrival, or the reason why it is none. Pure.

Above: `post`. Below: `threads`, `mail`.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.base import Arrival
from channels.email.addresses import is_address, without_tag
from channels.email.mail import Ignored, MailRules, ParsedMail
from channels.email.threads import UNVERIFIED, bare_subject, find_proof, root_of
from core.conversation import BARE_CLAIM, PROVED_BY_CHANNEL
from core.ids import email_event_id, email_message_ref
from core.messages import Address, Attachment, Author


def decode(
    mail: ParsedMail, *, account: str, secret: str, rules: MailRules,
    files: Sequence[Attachment] = (),
) -> Arrival | Ignored:  # fmt: skip
    """What the conversation gets: the words of now, the files, who says it and how sure that is.

    Who writes from another address than the one that we wrote to begins a conversation of their
    own. A sender whose domain denies the mail never meets the real one's conversations.
    """
    if mail.automatic is not None and mail.automatic.kind == "own":
        return Ignored(reason=mail.automatic.why)
    bounced = mail.bounce.recipient.casefold() if mail.bounce is not None else ""
    sender = bounced or mail.from_address
    if not is_address(sender):
        return Ignored(reason="no sender")
    if (other := _other_mailbox(mail, account, rules)) is not None:
        return Ignored(reason=f"it is for {other}")
    forged = mail.authenticity == "fail"
    asked = _as_answered(mail, sender)
    proof = None if forged else find_proof(asked, secret=secret)
    thread = root_of(mail)
    text = say(mail)
    if not text and not files:
        return Ignored(reason="nothing in it")
    return Arrival(
        id=email_event_id(account, mail.message_id, mail.digest),
        address=Address(
            channel="email", account=account, chat=sender,
            thread=f"{UNVERIFIED}{thread}" if forged else thread,
        ),
        author=Author(role="customer", name=mail.from_name),
        text=text,
        reply_to=email_message_ref(account, mail.in_reply_to) if proof is not None else None,
        attachments=tuple(files),
        language=mail.language,
        sent_at=mail.date,
        conversation=proof.conversation if proof is not None else None,
        contact=None if forged else sender,
        level=PROVED_BY_CHANNEL if mail.authenticity == "pass" else BARE_CLAIM,
    )  # fmt: skip


def say(mail: ParsedMail) -> str:
    """The words of now; under a new subject that subject too, for it often is the question."""
    body = mail.text.strip()
    if mail.unreadable:
        return body or mail.subject
    if mail.sealed:  # to answer the subject alone would be to guess
        return body
    subject = bare_subject(mail.subject)
    new = not mail.in_reply_to and not mail.references
    if new and subject and subject.casefold() not in body.casefold():
        return f"{subject}\n\n{body}".strip()
    return body


def _as_answered(mail: ParsedMail, sender: str) -> ParsedMail:
    """A bounce answers in the name of the address that it is about."""
    if mail.bounce is None:
        return mail
    return mail.model_copy(update={
        "from_address": sender, "in_reply_to": mail.bounce.original_id or mail.in_reply_to,
    })  # fmt: skip


def _other_mailbox(mail: ParsedMail, account: str, rules: MailRules) -> str | None:
    """The mailbox of ours that comes first in a mail to several of them: it takes the mail."""
    named = [without_tag(one) for one in (*mail.to, *mail.cc)]
    ours = [one for one in named if one in rules.own]
    if account.casefold() in ours and ours[0] != account.casefold():
        return ours[0]
    return None
