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
from core.identity.claims import is_proof
from core.messages import Address, Author

NAMESPACE = "/widget"
MOST_STRIKES = 10
_NAMELESS = Author(role="customer")


def encode(event: str, data: Any, namespace: str = NAMESPACE) -> str:
    """A Socket.IO event packet as text."""
    return f"2{namespace},{orjson.dumps([event, data]).decode()}"


class Session:
    """The server's side of one socket."""

    __slots__ = (
        "author", "bucket", "caller", "conversation", "email", "floor", "home", "identity", "link",
        "seen", "send", "shown", "site", "strikes", "typed_at", "unwatch", "visitor",
    )  # fmt: skip

    def __init__(
        self,
        *,
        site: str,
        visitor: str,
        bucket: Bucket,
        send: Callable[[str], None],
        link: Callable[[str], str] | None = None,
    ) -> None:
        self.site = site
        self.visitor = visitor
        self.bucket = bucket
        self.home = Address(channel="web", account=site, chat=visitor)
        self.send = send
        self.author = _NAMELESS  # what the page calls who is signed in there
        self.caller = ""  # the network address; the guard knows it
        self.link = link
        self.conversation: str | None = None
        self.identity: str | None = None
        self.unwatch: Callable[[], None] | None = None
        self.strikes = 0
        self.seen = 0
        self.email: str | None = None
        # Who came by a link of a mail sees no more than stood in it: entries behind this one.
        self.floor: int | None = None
        self.shown: LiveState | None = None
        self.typed_at = 0.0

    def show(self, event: LiveEvent) -> None:
        """Pass on what happened in the conversation, as far as customers may see it."""
        if isinstance(event, LiveEntry):
            if is_proof(event.entry) and not self._is_at(event.entry.address):
                self.put_out()
            elif event.entry.is_for_customer() and event.entry.seq > (self.floor or 0):
                self.send(encode("entry", event.entry.public(self.link)))
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

    def put_out(self) -> None:
        """The conversation is closed to this browser: its next word begins another one."""
        self.leave()
        self.conversation = self.floor = None
        self.seen = 0

    def _is_at(self, place: Address | None) -> bool:
        home = self.home
        return place is not None and (place.channel, place.account, place.chat) == (
            home.channel, home.account, home.chat,
        )  # fmt: skip

    def leave(self) -> None:
        """Stop watching."""
        if self.unwatch is not None:
            self.unwatch()
            self.unwatch = None
