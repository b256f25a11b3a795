"""What every channel is: an adapter with a name, its capabilities, a way in and a way out.

Above: `registry`, ingress, `delivery`, the roles. Below: the vocabulary of `core`.

Two kinds. Customers of a *push* channel (Telegram, Slack, email) must be told: delivery calls
`send`. Customers of a *pull* channel (web, rest) read the log themselves, so the commit is the
delivery (docs/adr/0002-pull-channels.md) and their adapter has nothing to send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from aiohttp import web

from core.conversation import Accepted
from core.errors import UnsupportedContent
from core.ids import ConversationId, EventId
from core.limits import Limits, OwnLimits
from core.messages import (
    Address,
    Attachment,
    Author,
    ControlAction,
    Entry,
    Frozen,
    Outbound,
    Receipt,
)
from core.phrases import Phrases


class Arrival(Frozen):
    """What an adapter decoded: an event that does not know its conversation yet.

    `id` is derived from the platform's ids (`core.ids`), so a repeat is recognised. `kind` note is
    for people only, and for a conversation that there is; control
    comes with an `action`: `button` (`value` is the button's), `edit` (`value` is the id of the
    event whose new words are `text`), `delete`, `close`. `reply_to` is the platform's id, in the
    shape of an event id, of the message that is answered. `conversation` is set only where it was
    proved (a signed reply address); else the address finds it. `link` is a token that names one
    instead (`House.read_link`): good for one use, then as if it were not there. `former` is the
    address that this place had before, if the platform says that it moved. `contact` and `level`
    say who writes, and how well that is known (0 claimed by the sender, 1 by the platform).
    """

    id: EventId
    address: Address
    kind: Literal["message", "note", "control"] = "message"
    author: Author = Author(role="customer")
    text: str = ""
    action: ControlAction | None = None
    value: str | None = None
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None
    sent_at: datetime | None = None
    conversation: ConversationId | None = None
    link: str | None = None
    former: Address | None = None
    contact: str | None = None
    level: int = 0


Publish = Callable[[Arrival], Awaitable[Accepted]]
# Told after each piece of a message that the platform took: the ids of all pieces so far.
Report = Callable[[Sequence[str]], Awaitable[None]]


class Capabilities(Frozen):
    """What a channel can carry. `rendering` degrades what it cannot, never in silence.

    `max_text`: length of one message, in `units` (`utf16` counts as Telegram does); `markup`: what
    the platform reads in a text; `buttons`: most choices under a message (0: none, they become
    numbered lines); `files`: attachments can be sent, up to `max_file`
    bytes each (what is bigger becomes a link); `edits`: a sent message can be changed;
    `typing`: it can show that an answer is on its way; `preview_seconds`: least time between two
    previews of an answer (0: it has none); `asks`: the platform can be asked whether a message
    arrived, so that no repeat is a double; `pull`: customers read the log themselves.
    """

    max_text: int
    units: Literal["characters", "utf16"] = "characters"
    markup: Literal["none", "html", "mrkdwn", "markdown", "entities"] = "none"
    buttons: int = 0
    files: bool = False
    max_file: int = 20_000_000
    edits: bool = False
    typing: bool = False
    preview_seconds: float = 0.0
    asks: bool = False
    pull: bool = False


# The bytes of a file of ours that goes out. Raises `NotFound`, `TooLarge`, or a `ChannelError`.
OpenFile = Callable[[Attachment], Awaitable[bytes]]


class PutFile(Protocol):
    """Keeps the bytes of a file that arrived. The same `key` (such as the id of a mail and the
    number of a part) gives the same attachment, so that a repeat is recognised."""

    async def __call__(
        self, data: bytes, *, name: str, media_type: str = "", key: str | None = None
    ) -> Attachment:
        """Raises `TooLarge`."""
        ...


async def _no_files(attachment: Attachment) -> bytes:
    raise UnsupportedContent("there is no file store")


async def _nowhere(
    data: bytes, *, name: str, media_type: str = "", key: str | None = None
) -> Attachment:
    raise UnsupportedContent("there is no file store")


def _read_no_link(token: str) -> ConversationId | None:
    return None


def _no_link(attachment: Attachment) -> str | None:
    return None


@dataclass(frozen=True)
class House:
    """What an adapter gets from the house beside its settings: sentences in every language, the
    bytes of the files that it sends (`Piece.attachment`), and a link to a file for those whom the
    channel cannot give it (`render(entry, capabilities, house.phrases, house.link)`); `limits` are
    counts that all processes share, and `secret` signs what must be known again when it comes back
    (the same in every process); `read_link` tells which conversation a token of `Arrival.link` is
    for, if it is one."""

    phrases: Phrases | None = None
    open_file: OpenFile = _no_files
    put_file: PutFile = _nowhere
    link: Callable[[Attachment], str | None] = _no_link
    limits: Limits = field(default_factory=OwnLimits)
    secret: str = field(default="", repr=False)
    read_link: Callable[[str], ConversationId | None] = _read_no_link


BARE_HOUSE = House()


class ChannelAdapter(Protocol):
    """One account of one channel: a bot, a workspace, a mailbox."""

    @property
    def name(self) -> str:
        """The channel: telegram, slack, email."""
        ...

    @property
    def account(self) -> str:
        """The account's name in addresses (`default` if there is one only)."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        ...

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """Receive until cancelled. The platform hears "got it" only after `publish` returned; if
        it raises `BusUnavailable`, the platform must deliver again. An account whose platform
        comes to us over HTTP only sees to its registration, sets `ready` and waits."""
        ...

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """Deliver once. A message of several pieces reports after each; `message.sent_ids` are the
        pieces that arrived before. Raises the `ChannelError` that says what to do next."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class HttpDoor(Protocol):
    """An optional power: the platform comes to our server. Used by the process that serves HTTP,
    which is not the one that sends; both may run at once."""

    def add_routes(self, app: web.Application, publish: Publish) -> None:
        """Add the routes of this account. They answer 503 when `publish` raises `BusUnavailable`,
        never 200 before it returned."""
        ...


class ShowsTyping(Protocol):
    """An optional power."""

    async def show_typing(self, to: Address) -> None:
        """Show that an answer is on its way."""
        ...


class ShowsPreview(Protocol):
    """An optional power: an answer is shown while it is made (`channels.previews`)."""

    async def show_preview(self, to: Address, text: str, before: str | None) -> str | None:
        """Show so much of the answer. `before` is what the last call for this answer gave. Gives
        the platform's id of the message that shows it, which `send` then gets as
        `message.preview` and changes into the final one; None where the platform takes its
        preview away by itself when the message comes. Never raises for a preview that failed."""
        ...


class FetchesFiles(Protocol):
    """An optional power: the bytes of an attachment that arrived as a reference."""

    async def fetch(self, attachment: Attachment, *, most_bytes: int) -> bytes:
        """Raises `TooLarge`, or the `ChannelError` that says what to do next."""
        ...


class Continues(Protocol):
    """An optional power: a link that leads a customer here, to go on with their conversation."""

    async def link_to(self, token: str) -> str | None:
        """The address to open; what comes of it is an arrival with this `link`. None while the
        account does not know its own name; may raise `ChannelError`."""
        ...


class DropsPreview(Protocol):
    """An optional power of an adapter that has `show_preview` and whose platform keeps what it
    showed: the answer will not come (a human took over, or the turn was done again)."""

    async def drop_preview(self, to: Address, preview: str) -> None:
        """Take away, or make empty, what `show_preview` showed under this id. The bot's words must
        not stay. Raises the `ChannelError` that says if it is worth trying again; a preview that
        is gone already is no fault."""
        ...


class ChangesSent(Protocol):
    """An optional power: what was sent can be changed, for a person of the company who changed or
    withdrew a message of theirs. Doing it twice is as doing it once, for a crash may lie between
    the act and its receipt."""

    async def edit_sent(
        self, to: Address, platform_ids: Sequence[str], before: Entry, text: str
    ) -> None:
        """Let the messages that `before` was sent as say `text` instead; its files stay. Raises
        `UnsupportedContent` if the new words do not fit into them, or the `ChannelError` that says
        if it is worth trying again."""
        ...

    async def withdraw_sent(self, to: Address, platform_ids: Sequence[str]) -> None:
        """Take these messages away, files too; what is gone already is no fault. Raises the
        `ChannelError` that says if it is worth trying again."""
        ...


@dataclass(frozen=True)
class Finding:
    """One line of `switchboard doctor` about an account: `what` was found, never with a secret in
    it; where it is not `ok` the account cannot work, and `mend` says what a person must do."""

    ok: bool
    what: str
    mend: str = ""


class Checks(Protocol):
    """An optional power: looks at its own credentials, webhook and rights for `switchboard
    doctor`. It reads only: nothing is sent, registered or changed."""

    async def check(self) -> Sequence[Finding]:
        """What was found, in the order in which a person would set it up. A platform that refuses
        or does not answer is a finding; `ChannelError` and time-outs may be raised too."""
        ...
