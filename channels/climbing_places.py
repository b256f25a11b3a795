"""Where unseen words may climb to. Pure.

Above: `climbing`. Below: `core.conversation`. Telegram only where the customer has written from
there in this very conversation; mail only to an address that they wrote from, that the host's page
vouches for, or that they left for the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.conversation import SIGNED_BY_PAGE, Head
from core.escalation.standing import FOLLOW_UP_EMAIL
from core.messages import Address, Entry

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()\[\]]+\.[^\s@<>,;:\"()\[\]]{2,63}")
_LONGEST = 254


@dataclass(frozen=True)
class Places:
    """The channels of this installation: accounts of Telegram and mail; none: it is not there."""

    telegram: frozenset[str] = frozenset()
    email: tuple[str, ...] = ()


def place_for(head: Head, entries: Sequence[Entry], places: Places) -> Address | None:
    """The one place that what was not seen goes to; None: there is none."""
    written_from = {place.channel: place for place in head.places if head.is_open_to(place)}
    chat = written_from.get("telegram")
    if chat is not None and chat.account in places.telegram:
        return chat
    if not places.email:
        return None
    mailbox = written_from.get("email")
    if mailbox is not None and mailbox.account in places.email:
        return mailbox
    known = head.email if head.level >= SIGNED_BY_PAGE else None
    # What was typed before somebody proved who they are may have been another's.
    address = known if head.sealed else left_for_answer(entries) or known
    return Address(channel="email", account=places.email[0], chat=address) if address else None


def left_for_answer(entries: Sequence[Entry]) -> str | None:
    """The address that the customer left last, in this conversation."""
    for entry in reversed(entries):
        if entry.kind == "note" and entry.reason == FOLLOW_UP_EMAIL:
            return entry.value if is_address(entry.value or "") else None
    return None


def is_address(text: str) -> bool:
    """True for one plain mail address."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None
