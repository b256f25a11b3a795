"""Tokens that let a customer go on with their conversation in another channel.

Above: `channels.rest.links` (makes them), `channels.arrivals` (uses them), the adapters (read
them). Below: `core.ids`. Pure, but for the clock.

A token is signed, for one conversation and nothing else, good for minutes and for one use. It fits
what a platform's start link may carry: 64 of A-Z a-z 0-9 _ -. Whoever holds it is taken for the
customer, so it is given only to who may read the conversation already; once somebody proves there
who they are, tokens of the time before open nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2s

from core.ids import ConversationId, is_conversation_id

LINK_SECONDS = 15 * 60
# What the widget looks for in the address of its page. Behind `#`: no server is told of it.
FRAGMENT = "switchboard="
_PURPOSE = b"swlink2"
_NONCE, _MARK = 6, 16
# Expiry, proof it was made under, kind, shard, the 16 bytes of the conversation's name, nonce: 32
# bytes, 64 letters with the mark.
_BODY = struct.Struct(f">IIBB16s{_NONCE}s")
_SHAPE = re.compile(r"[A-Za-z0-9_-]{64}\Z")
_WHOLE, _MAILED = 1, 2


@dataclass(frozen=True)
class Link:
    """What a token says: the conversation, a name for this token alone, when it ends. `sealed` is
    `Head.sealed` when it was made; `mailed` ones lie in a mailbox for days and prove nothing."""

    conversation: ConversationId
    name: str
    expires: int
    sealed: int = 0
    mailed: bool = False


def page_link(page: str, token: str) -> str:
    """The address of the page that opens the conversation in its widget."""
    return f"{page.split('#')[0]}#{FRAGMENT}{token}"


class LinkTokens:
    """Makes and reads them. The secret is the same in every process."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        if not secret:
            raise ValueError("links need a secret")
        self._key = blake2s(secret.encode(), person=_PURPOSE).digest()
        self._clock = clock

    def issue(
        self, conversation: ConversationId, *, seconds: int = LINK_SECONDS, sealed: int = 0,
        mailed: bool = False,
    ) -> str:  # fmt: skip
        """A new token for this conversation, as it is sealed now."""
        shard, name = conversation[3:5], conversation[6:]
        body = _BODY.pack(
            int(self._clock()) + seconds, sealed & 0xFFFFFFFF, _MAILED if mailed else _WHOLE,
            int(shard), _unpack(name), secrets.token_bytes(_NONCE),
        )  # fmt: skip
        return _pack(body + self._sign(body))

    def read(self, token: str) -> Link | None:
        """None for whatever is forged, foreign or too old."""
        if _SHAPE.match(token) is None:
            return None
        try:
            raw = _unpack(token)
        except (binascii.Error, ValueError):
            return None
        body, mark = raw[: _BODY.size], raw[_BODY.size :]
        if len(mark) != _MARK or not hmac.compare_digest(mark, self._sign(body)):
            return None
        expires, sealed, kind, shard, name, _ = _BODY.unpack(body)
        conversation = f"cv_{shard:02d}_{_pack(name)}"
        if expires <= self._clock() or not is_conversation_id(conversation):
            return None
        return Link(
            ConversationId(conversation), mark.hex(), expires, sealed, mailed=kind == _MAILED
        )

    def conversation_of(self, token: str) -> ConversationId | None:
        """For adapters, which only need to know whether it is one."""
        link = self.read(token)
        return link.conversation if link else None

    def seconds_left(self, link: Link) -> int:
        """How long its use must be remembered."""
        return max(1, link.expires - int(self._clock()))

    def _sign(self, body: bytes) -> bytes:
        return blake2s(body, key=self._key, digest_size=_MARK).digest()


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
