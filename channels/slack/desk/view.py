"""What the desk's messages are drawn from: one case with the state of its conversation. Pure.

Above: `card`, `lines`, `transcript`, `threads` (which gathers it). Below: `core`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.conversation import Head
from core.escalation.case import Case
from core.escalation.clocks import Clocks
from core.escalation.standing import Standing
from core.messages import Attachment, Author, Entry

_EMOJI = {
    "telegram": ":airplane:", "web": ":globe_with_meridians:", "email": ":email:",
    "slack": ":speech_balloon:", "rest": ":electric_plug:",
}  # fmt: skip
Link = Callable[[Attachment], str | None]
LEVELS = ("not proved", "known to the channel", "signed in on our site", "proved by a code")

# A platform's or the house's number for somebody is no name.
_NUMBER = re.compile(r"ct_|[^\s:]+:\S")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _no_link(file: Attachment) -> str | None:
    return None


@dataclass(frozen=True)
class View:
    """A case as it stands at the moment `now`. `link` gives files an address that opens for a
    while, if there is one; `keep_withdrawn` says if people may still read what the customer took
    back; `lead_channel` is where help is asked for when a promise broke."""

    head: Head
    case: Case | None
    standing: Standing
    customer: str = "Customer"
    clocks: Clocks = field(default_factory=Clocks)
    now: datetime = _LONG_AGO
    link: Link = _no_link
    keep_withdrawn: bool = True
    lead_channel: str = ""

    @property
    def channel(self) -> str:
        """The kind of channel over which the customer writes now."""
        return self.head.address.channel if self.head.address else "rest"

    @property
    def language(self) -> str:
        """The customer's language, if it is known."""
        return self.head.language or self.standing.language or ""

    @property
    def priority(self) -> str:
        """As people set it last, else as it was handed over."""
        return self.head.priority or self.standing.priority or "medium"

    def traits(self) -> dict[str, str]:
        """What the rules of `routes` look at."""
        case = self.case
        return {
            "specialist": (case.specialist if case else None) or self.head.specialist or "",
            "language": self.language,
            "priority": self.priority,
            "tier": _fact(case, "tier"),
            "reason": (case.reason if case else None) or self.standing.reason or "",
        }

    def picture(self, author: Author) -> str | None:
        """The author's picture, where Slack can load it."""
        if author.avatar is None:
            return None
        file = Attachment(name="avatar", media_type="image/png", size=-1, id=author.avatar)
        found = self.link(file)
        return found if found and found.startswith("https://") else None


def awaits_eyes(view: View) -> bool:
    """True if a person has answered on a page and the customer has not seen it yet."""
    return view.channel == "web" and view.head.seen < view.standing.human_seq


def emoji_of(channel: str) -> str:
    """The sign of a kind of channel."""
    return _EMOJI.get(channel, ":bust_in_silhouette:")


def name_of(entries: Sequence[Entry], head: Head) -> str:
    """What the customer is called: by their own last name in the talk, else as the head names them
    (unless that is a platform's number), else by where they write."""
    for entry in reversed(entries):
        if entry.author.role == "customer" and entry.author.name.strip():
            return " ".join(entry.author.name.split())[:60]
    if (known := (head.contact or "").strip()) and not _NUMBER.match(known):
        return " ".join(known.split())[:60]
    channel = head.address.channel if head.address else ""
    return f"Customer ({channel})" if channel else "Customer"


def _fact(case: Case | None, key: str) -> str:
    for fact in case.facts if case else ():
        name, _, value = fact.partition(":")
        if name.strip().casefold() == key:
            return value.strip()
    return ""
