"""One widget socket: who it is, which conversation it is in, and what it is sent.

Above: `gateway`, which owns the sockets. Below: `core.bus.live` (through a callback), orjson.
Small on purpose: thousands of these wait in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from channels.rates import Bucket
from core.bus.live import LiveDelta, LiveEntry, LiveEvent, LiveState, LiveTyping
from core.messages import Address

NAMESPACE = "/widget"
_PREFIX = "2/widget,"
MOST_STRIKES = 10


def encode(event: str, data: Any) -> str:
    """A Socket.IO event packet as text."""
    return f"{_PREFIX}{orjson.dumps([event, data]).decode()}"


class Session:
    """The server's side of one socket."""

    __slots__ = (
        "bucket", "conversation", "home", "identity", "send", "shown", "site", "strikes",
        "typed_at", "unwatch", "visitor",
    )  # fmt: skip

    def __init__(
        self, *, site: str, visitor: str, bucket: Bucket, send: Callable[[str], None]
    ) -> None:
        self.site = site
        self.visitor = visitor
        self.bucket = bucket
        self.home = Address(channel="web", account=site, chat=visitor)
        self.send = send
        self.conversation: str | None = None
        self.identity: str | None = None
        self.unwatch: Callable[[], None] | None = None
        self.strikes = 0
        self.shown: LiveState | None = None
        self.typed_at = 0.0

    def show(self, event: LiveEvent) -> None:
        """Pass on what happened in the conversation, as far as customers may see it."""
        if isinstance(event, LiveEntry):
            if event.entry.is_for_customer():
                self.send(encode("entry", event.entry.public()))
        elif isinstance(event, LiveDelta):
            self.send(encode("delta", event.delta.model_dump(exclude={"conversation"})))
        elif isinstance(event, LiveState):
            if event == self.shown:  # every turn tells; only a change is news to a customer
                return
            self.shown = event
            state = {"owner": event.owner, "specialist": event.specialist, "status": event.status}
            self.send(encode("state", state))
        elif isinstance(event, LiveTyping):
            self.send(encode("typing", {"author": event.author}))

    def leave(self) -> None:
        """Stop watching."""
        if self.unwatch is not None:
            self.unwatch()
            self.unwatch = None
