"""From an entry to the mail that carries it. Pure: its files come in as bytes.

Above: `adapter`. Below: `threads`, `body_html`, `channels.rendering`, the standard library's MIME.

The same message gives the same bytes. The header is written here line by line: every value is
clean text in one line, so nothing that a customer or a model says can become a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import blake2s

from channels.base import Capabilities
from channels.email.addresses import is_address
from channels.email.body_html import write_html
from channels.email.files import clean_name
from channels.email.headers import one_line
from channels.email.mail import ThreadState
from channels.email.threads import bare_subject, make_message_id, make_reply_address
from channels.rendering import Piece, render, write_plain
from channels.rendering.fitting import Link
from core.errors import PermanentDeliveryError
from core.messages import Attachment, Outbound
from core.phrases import Phrases

CAPABILITIES = Capabilities(
    max_text=200_000, markup="html", files=True, max_file=10_000_000, asks=True
)
_MOST_NAME = 80


@dataclass(frozen=True)
class Sender:
    """The mailbox that a mail leaves from. `reply_token`: answers come to a signed address of it,
    for mail servers that deliver `name+anything` to `name`."""

    address: str
    name: str
    secret: str = field(repr=False)
    reply_token: bool = False

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]


def message_id_of(message: Outbound, sender: Sender) -> str:
    """Without angle brackets; the same each time."""
    return make_message_id(
        message.conversation, message.entry.seq, message.to.chat,
        domain=sender.domain, secret=sender.secret,
    )  # fmt: skip


def pieces_of(
    message: Outbound, phrases: Phrases | None = None, link: Link | None = None
) -> list[Piece]:
    """The texts and files of a message. Raises `UnsupportedContent`."""
    return render(message.entry, CAPABILITIES, phrases, link)


def encode(
    message: Outbound, state: ThreadState, sender: Sender, pieces: Sequence[Piece],
    files: Sequence[tuple[Attachment, bytes]] = (),
) -> bytes:  # fmt: skip
    """The mail, ready to leave. Raises `PermanentDeliveryError` if nobody can be written to."""
    recipient = message.to.chat
    if not is_address(recipient):
        raise PermanentDeliveryError("no address to write to")
    message_id = message_id_of(message, sender)
    head = _head(message, state, sender, message_id)
    return head + _body(pieces, files, message_id)


def _head(message: Outbound, state: ThreadState, sender: Sender, message_id: str) -> bytes:
    entry = message.entry
    recipient = message.to.chat
    name = entry.author.name if entry.author.role == "human_agent" else ""
    lines = [
        ("From", mailbox(name or sender.name, sender.address)),
        ("To", recipient),
        ("Subject", encode_words(_subject(state, sender), first=9)),
        ("Date", format_datetime(entry.at)),
        ("Message-ID", f"<{message_id}>"),
    ]
    if sender.reply_token:
        reply = make_reply_address(
            sender.address, message.conversation, recipient, secret=sender.secret
        )
        lines.append(("Reply-To", mailbox(sender.name, reply)))
    if _is_id(state.last_id):
        lines.append(("In-Reply-To", f"<{state.last_id}>"))
    known = [f"<{one}>" for one in state.references if _is_id(one)]
    if known:
        lines.append(("References", "\r\n ".join(known)))
    if entry.author.role != "human_agent":
        said = "auto-replied" if state.last_id else "auto-generated"
        lines += [("Auto-Submitted", said), ("X-Auto-Response-Suppress", "All"),
                  ("X-Loop", sender.address)]  # fmt: skip
    return "".join(f"{key}: {value}\r\n" for key, value in lines).encode("utf-8")


def _body(
    pieces: Sequence[Piece], files: Sequence[tuple[Attachment, bytes]], message_id: str
) -> bytes:
    texts = [piece for piece in pieces if piece.attachment is None]
    plain = "\n\n".join(write_plain(piece) for piece in texts)
    mail = EmailMessage(policy=SMTP)
    if texts:
        mail.set_content(f"{plain}\n", cte=_encoding(plain))
        mail.add_alternative(write_html(texts), subtype="html", cte="base64")
    elif files:
        mail.make_mixed()
    for number, (file, data) in enumerate(files, 1):
        kind = file.media_type if _is_media_type(file.media_type) else "application/octet-stream"
        main, _, sub = kind.partition("/")
        mail.add_attachment(
            data, maintype=main, subtype=sub, filename=clean_name(file.name, kind, number)
        )
    parts = (part for part in mail.walk() if part.is_multipart())
    for number, part in enumerate(parts):
        mark = blake2s(f"{message_id}{number}".encode(), digest_size=12).hexdigest()
        part.set_boundary(f"=_{mark}")
    return mail.as_bytes()


def _encoding(text: str) -> str:
    """Plain ASCII stays readable on its way; the rest in a form that every server carries."""
    fits = text.isascii() and all(len(line) < 900 for line in text.split("\n"))
    return "7bit" if fits else "quoted-printable"


def _is_media_type(text: str) -> bool:
    main, slash, sub = text.partition("/")
    plain = (
        main.isalnum()
        and text.isascii()
        and sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
    )
    # A multipart or a message has to be one; what is sent is bytes.
    return bool(slash) and plain and main not in {"multipart", "message", "text"}


def _subject(state: ThreadState, sender: Sender) -> str:
    bare = bare_subject(state.subject)
    if not bare and not state.last_id:
        return one_line(sender.name, most=_MOST_NAME) or "Re:"  # a thread that begins with us
    return f"Re: {bare}" if bare else "Re:"


def mailbox(name: str, address: str) -> str:
    """As it stands in a header."""
    clean = one_line(name, most=_MOST_NAME).replace('"', "'").replace("\\", "/")
    clean = "".join(letter for letter in clean if letter not in "<>@,;:()[]").strip()
    if not clean:
        return address
    if clean.isascii():
        return f'"{clean}" <{address}>'
    return f"{encode_words(clean, first=6)} <{address}>"


def encode_words(text: str, *, first: int) -> str:
    """A header's text, folded, and as encoded words unless it is plain."""
    plain = text.isascii() and "=?" not in text
    header = Header(
        text, "us-ascii" if plain else "utf-8", maxlinelen=75 - (first if plain else 12)
    )
    return header.encode(linesep="\r\n")


def _is_id(text: str) -> bool:
    """True for a Message-ID that may stand in a header."""
    return (
        0 < len(text) <= 250
        and text.isascii()
        and text.isprintable()
        and not set(text) & set("<> ")
    )
