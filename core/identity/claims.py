"""What a conversation shows of who its customer is. Pure.

Above: `keeper`. Below: `addresses`, the head and the notes of a conversation.

A bare claim (a From line that nobody vouches for, an address somebody typed, a name given over
REST) stays apart from the identity it names: it is written under a key of its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from core.conversation import (
    BARE_CLAIM,
    ONE_TIME_CODE,
    PROVED_BY_CHANNEL,
    SIGNED_BY_PAGE,
    Head,
    place_name,
)
from core.errors import InputError
from core.identity.addresses import Reach, is_email, reach
from core.identity.records import Evidence
from core.ids import ConversationId, EventId
from core.messages import Address, Author, Entry, EntryBody, Frozen, InboundEvent

# Reasons of the notes that say how the customer came to be where they are.
LINKED, VERIFIED, SIGNED_IN = "linked", "verified", "signed_in"
_PREFIXED = ("telegram", "slack", "email")


class Shown(Frozen):
    """One identity that a conversation shows, and how well."""

    place: Reach
    name: str
    level: int
    evidence: Evidence

    @property
    def key(self) -> str:
        """Under which it is kept: what is only claimed meets nothing that is proved."""
        return self.place.key if self.level > BARE_CLAIM else f"?{self.place.key}"


def is_proof(entry: EntryBody | InboundEvent) -> bool:
    """True for the note that closes a conversation to other places than the entry's address: a
    one-time code was entered there, or who had begun it signed in."""
    proves = entry.reason in {VERIFIED, SIGNED_IN}
    return proves and entry.kind == "note" and entry.author.role == "system"


def note_of_place(
    name: str, conversation: ConversationId, place: Address, reason: str, value: str, text: str
) -> InboundEvent:
    """How the customer came to this place, or proved there who they are; for people to read."""
    return InboundEvent(
        id=EventId(name), conversation=conversation, kind="note", address=place,
        author=Author(role="system"), reason=reason, value=value, text=text,
    )  # fmt: skip


def shown_by(head: Head, notes: Iterable[Entry] = ()) -> tuple[Shown, ...]:
    """The best proved first. Bare claims count only where nothing is proved; beside what is proved
    best, only what is proved by level 2 or more: a link that somebody followed makes them nobody's
    contact, unless they entered a code where it led."""
    # A link led in who is out again since somebody proved something else: they are not the same.
    kept = [note for note in notes if note.address is None or head.is_open_to(note.address)]
    proved_at = {place_name(note.address) for note in kept if _is_code(note) and note.address}
    noted = [_of_note(note, proved_at) for note in kept]
    found = [one for one in (_of_head(head), *noted, _vouched(head)) if one]
    best: dict[str, Shown] = {}
    for one in found:
        if one.key not in best or best[one.key].level < one.level:
            best[one.key] = one
    ranked = sorted(best.values(), key=lambda one: -one.level)
    return tuple(ranked[:1] + [one for one in ranked[1:] if one.level >= SIGNED_BY_PAGE])


def _of_head(head: Head) -> Shown | None:
    """Whom the head names; a page's user is one of that page."""
    if not head.contact:
        return None
    name, level = head.contact, head.level
    channel, account = _channel_of(head)
    evidence: Evidence = "claim"
    if level == SIGNED_BY_PAGE:
        evidence = "page"
    elif level == ONE_TIME_CODE:
        evidence = "code"
    elif level == PROVED_BY_CHANNEL:
        evidence = "platform"
    return _shown(channel, name, account, level, evidence, name)


def _channel_of(head: Head) -> tuple[str, str]:
    name, web = head.contact or "", _web_account(head)
    if head.level == SIGNED_BY_PAGE:
        return "web", web
    if head.level == ONE_TIME_CODE:
        return ("email", "") if is_email(name) else ("web", web)
    for channel in _PREFIXED:
        if name.startswith(f"{channel}:"):
            return channel, ""
    places = {place.channel for place in head.places}
    here = head.address.channel if head.address else "rest"
    if "@" in name and ("email" in places or here == "email"):
        return "email", ""
    return ("web", web) if here == "web" else ("rest", "")


def _web_account(head: Head) -> str:
    places = [*head.places, *([head.address] if head.address else [])]
    return next((place.account for place in places if place.channel == "web"), "default")


def _vouched(head: Head) -> Shown | None:
    """The address that the host's page signed for its user."""
    if head.level < SIGNED_BY_PAGE or not head.email:
        return None
    return _shown("email", head.email, "", SIGNED_BY_PAGE, "page", head.email)


def _of_note(note: Entry, proved_at: Container[str]) -> Shown | None:
    """Where a link led, or where a code was entered; `value` is what the channel calls them."""
    if note.kind != "note" or note.author.role != "system" or not note.value:
        return None
    channel = note.address.channel if note.address else ""
    if note.reason == LINKED and note.address:
        if place_name(note.address) in proved_at:
            return _shown(channel, note.value, "", ONE_TIME_CODE, "code", note.value)
        return _shown(channel, note.value, "", PROVED_BY_CHANNEL, "link", note.value)
    if _is_code(note):
        return _shown("email", note.value, "", ONE_TIME_CODE, "code", note.value)
    return None


def _is_code(note: Entry) -> bool:
    return note.reason == VERIFIED and is_proof(note)


def _shown(
    channel: str, value: str, account: str, level: int, evidence: Evidence, name: str
) -> Shown | None:
    try:
        place = reach(channel, value, account)
    except InputError:
        return None
    if channel == "email":
        name = place.value
    return Shown(place=place, name=name, level=level, evidence=evidence)
