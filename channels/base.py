"""What every channel is: an adapter with a name, its capabilities, a way in and a way out.

Above: `registry`, ingress, `delivery`, the roles. Below: the vocabulary of `core`.

Two kinds. Customers of a *push* channel (Telegram, Slack, email) must be told: delivery calls
`send`. Customers of a *pull* channel (web, rest) read the log themselves, so the commit is the
delivery (docs/adr/0002-pull-channels.md) and their adapter has nothing to send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from core.conversation import Accepted
from core.messages import Address, Frozen, InboundEvent, Outbound, Receipt

Publish = Callable[[InboundEvent], Awaitable[Accepted]]


class Capabilities(Frozen):
    """What a channel can carry. `rendering` degrades what it cannot, never in silence.

    `max_text`: characters of one message; `markup`: what the platform reads in a text;
    `buttons`: most choices under a message (0: none, they become numbered lines);
    `edits`: a sent message can be changed; `pull`: customers read the log themselves.
    """

    max_text: int
    markup: Literal["none", "html", "mrkdwn", "markdown"] = "none"
    buttons: int = 0
    edits: bool = False
    pull: bool = False


class ChannelAdapter(Protocol):
    """One channel, opened for one account."""

    @property
    def name(self) -> str:
        """The channel: telegram, slack, email, web, rest."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        ...

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """Receive until cancelled. The platform hears "got it" only after `publish` returned; if
        it raises `BusUnavailable`, the platform must deliver again."""
        ...

    async def send(self, message: Outbound) -> Receipt:
        """Deliver once. Raises the `ChannelError` that says what to do next."""
        ...


class ShowsTyping(Protocol):
    """An optional power, found with `isinstance`-like tests by who uses it."""

    async def show_typing(self, to: Address) -> None:
        """Show that an answer is on its way."""
        ...
