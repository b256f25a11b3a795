"""Which conversation a mail belongs to: by what we signed ourselves, never by its subject. Pure.

Above: `decode`, `encode`. Below: hmac, `core.ids`.

Our Message-IDs and reply addresses carry conversation, sequence and a seal over both *and the
address we wrote to*. Somebody else who gets hold of one cannot open the conversation with it, and a
forged one is as good as none. `Address.thread` is the Message-ID that the thread began with.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256

from channels.email.addresses import normalise
from channels.email.headers import one_line
from channels.email.mail import ParsedMail, ThreadState
from core.ids import ConversationId, is_conversation_id

_SEAL_BYTES = 10
_OURS = re.compile(r"sb\.(cv_\d{2}_[A-Za-z0-9_-]{22})\.(\d{1,12})\.([a-z2-7]{16})@")
# Shard, the id's sixteen bytes and the seal, in letters that survive a change of case.
_TOKEN = re.compile(r"\+(\d{2})([a-z2-7]{26})([a-z2-7]{16})@", re.IGNORECASE)
_PREFIX = re.compile(
    r"^\s*(?:(?:re|aw|antw|odp|ответ|отв|sv|vs|ref|rv|fwd?|fw|wg|p[rř]ep|пересл|enc|tr)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:\s*)+",
    re.IGNORECASE,
)
_MOST_SUBJECT = 200
_MOST_REFERENCES = 20
# Before the thread of a mail whose sender is not who it says: it meets no other mail of theirs.
UNVERIFIED = "unverified:"


@dataclass(frozen=True)
class Proof:
    """A mail showed something that we sealed for its sender."""

    conversation: ConversationId
    sequence: int | None = None


def seal(secret: str, *parts: str) -> str:
    """Sixteen letters that only we can make."""
    text = "\x1f".join(("email", *parts)).encode()
    digest = hmac.new(secret.encode(), text, sha256).digest()[:_SEAL_BYTES]
    return base64.b32encode(digest).decode().lower()


def make_message_id(
    conversation: str, sequence: int, recipient: str, *, domain: str, secret: str
) -> str:
    """The Message-ID of what we say under this sequence; the same each time."""
    mark = seal(secret, conversation, str(sequence), normalise(recipient))
    return f"sb.{conversation}.{sequence}.{mark}@{domain}"


def make_reply_address(address: str, conversation: str, recipient: str, *, secret: str) -> str:
    """`help@shop` → `help+<conversation>.<seal>@shop`; the bare one if that would be too long."""
    local, _, domain = address.rpartition("@")
    mark = seal(secret, conversation, "reply", normalise(recipient))
    _, shard, name = conversation.split("_", 2)
    letters = base64.b32encode(base64.urlsafe_b64decode(f"{name}=="))[:26].decode().lower()
    tagged = f"{local}+{shard}{letters}{mark}"
    return f"{tagged}@{domain}" if len(tagged) <= 64 else address


def find_proof(mail: ParsedMail, *, secret: str) -> Proof | None:
    """What the mail shows of ours: first what it answers, then its references from the newest, then
    the address it was sent to."""
    for message_id in (mail.in_reply_to, *reversed(mail.references)):
        found = _OURS.match(message_id)
        if found is None:
            continue
        expected = seal(secret, found[1], found[2], mail.from_address)
        if is_conversation_id(found[1]) and hmac.compare_digest(expected, found[3]):
            return Proof(ConversationId(found[1]), int(found[2]))
    for address in (*mail.delivered_to, *mail.to, *mail.cc):
        proof = _find_token(address, mail.from_address, secret)
        if proof is not None:
            return proof
    return None


def _find_token(address: str, sender: str, secret: str) -> Proof | None:
    found = _TOKEN.search(address)
    if found is None:
        return None
    name = base64.urlsafe_b64encode(base64.b32decode(f"{found[2].upper()}======"))[:22]
    conversation = f"cv_{found[1]}_{name.decode()}"
    expected = seal(secret, conversation, "reply", sender)
    if is_conversation_id(conversation) and hmac.compare_digest(expected, found[3].lower()):
        return Proof(ConversationId(conversation))
    return None


def root_of(mail: ParsedMail) -> str:
    """The Message-ID that the thread began with; of a mail without any, its digest."""
    first = next(iter(mail.references), "") or mail.in_reply_to
    return first or mail.message_id or f"{mail.digest}@digest"


def bare_subject(subject: str) -> str:
    """Without `Re:` and its relatives."""
    return one_line(_PREFIX.sub("", subject), most=_MOST_SUBJECT)


def state_after(mail: ParsedMail) -> ThreadState:
    """What the answer to this mail has to know of it."""
    ids = [*mail.references, mail.in_reply_to, mail.message_id]
    known = [one for one in dict.fromkeys(ids) if one]
    if len(known) > _MOST_REFERENCES:  # the first one stays: programs find the thread by it
        known = [known[0], *known[1 - _MOST_REFERENCES :]]
    return ThreadState(subject=mail.subject, last_id=mail.message_id, references=tuple(known))
