"""What a mail says, as a value; the seam between the wire and the reading of mail.

Above: `intake`, `decode`, `encode`. Below: `core.messages`. `parse_mail` (in `parsing`) makes a
`ParsedMail` from bytes; `ParserPool` (in `child`) does so in a process of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.messages import Frozen

Authenticity = Literal["pass", "fail", "none"]
AutomaticKind = Literal["auto_reply", "bounce", "list", "own", "noreply"]


class MailRules(Frozen):
    """What the reading of mail has to know of the house.

    `own`: all addresses of ours, lower case; `forms`: those that forms of our site write from, for
    the person in Reply-To; `authserv_id`: the receiver whose Authentication-Results are believed
    (none: nobody's).
    """

    own: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    authserv_id: str | None = None
    most_bytes: int = 25_000_000


class AutomaticReason(Frozen):
    """Why no machine of ours may answer: what sent it, and by what it shows."""

    kind: AutomaticKind
    why: str


class Bounce(Frozen):
    """A report that a mail of ours did not arrive. `status` is RFC 3463's, such as `5.1.1`."""

    recipient: str
    status: str
    permanent: bool
    original_id: str = ""


class ParsedFile(Frozen):
    """A file in a mail. `inline`: shown in the text (`content_id`), not beside it."""

    name: str
    media_type: str
    size: int
    content_id: str = ""
    inline: bool = False
    data: bytes = b""


class ParsedMail(Frozen):
    """One mail. All texts are clean: no control characters, one line each save the bodies.

    `message_id`, `in_reply_to` and `references` are without angle brackets. `text` is what the
    sender wrote now (for the engine), `full_text` all of it (for people), `html_text` what the
    HTML part says. `digest` names the mail by its content. `notes` say what could not be read;
    `sealed`: all of it, for it is encrypted.
    """

    digest: str
    message_id: str = ""
    from_address: str = ""
    from_name: str = ""
    sender: str = ""
    return_path: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str = ""
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    full_text: str = ""
    html_text: str = ""
    language: str | None = None
    attachments: tuple[ParsedFile, ...] = ()
    automatic: AutomaticReason | None = None
    bounce: Bounce | None = None
    authenticity: Authenticity = "none"
    unreadable: bool = False
    sealed: bool = False
    notes: tuple[str, ...] = ()


class ThreadState(Frozen):
    """What an answer has to know of the thread it continues. The adapter keeps the last one of
    each conversation's address (`threads.state_after`); `threads.bare_state` is what an address
    tells alone."""

    subject: str = ""
    last_id: str = ""
    references: tuple[str, ...] = ()


class Ignored(Frozen):
    """A mail that becomes no message, and why."""

    reason: str
