"""Who comes back to the widget: by a link of a mail, or signed in by the page.

Above: `gateway`. Below: `core.identity.links`, `core.bus.unseen`. A mail can be forwarded. So its
link is for one browser and some days, opens no more than the mail itself shows, and proves nothing:
what such a visitor says is said by somebody who only claims to be the customer. A link that was
given to who reads the conversation now is for minutes, and opens all of it.

A conversation whose customer proved who they are elsewhere is closed to browsers that were in it
before (`Head.is_open_to`): what they say begins another one. So it is with what a visitor had said
before they signed in: it becomes the user's, and is closed to the browser once they sign out.
"""

from __future__ import annotations

import structlog

from channels.climbing_places import is_address
from channels.web.session import Session
from core.bus.log import RedisLog
from core.bus.proofs import StoredProofs
from core.bus.unseen import Unseen
from core.conversation import BARE_CLAIM, SIGNED_BY_PAGE, Head, place_name
from core.errors import BusUnavailable, NotFound
from core.identity.claims import SIGNED_IN, note_of_place
from core.identity.links import LinkTokens
from core.ids import ConversationId
from core.messages import Address

_log = structlog.get_logger("widget")


class Returning:
    """What a socket may see and say, beyond what its visitor token opens."""

    def __init__(
        self, log: RedisLog, unseen: Unseen | None, links: LinkTokens | None,
        proofs: StoredProofs | None = None,
    ) -> None:  # fmt: skip
        self._log = log
        self._proofs = proofs
        self._unseen = unseen
        self._links = links

    async def open(self, session: Session, token: object) -> None:
        """Let a new browser into the conversation of a link, if the link is good and nobody else
        used it. A visitor with a conversation of their own keeps that."""
        if self._links is None or not isinstance(token, str) or session.conversation is not None:
            return
        link = self._links.read(token)
        if link is None:
            return
        seconds = self._links.seconds_left(link)
        try:
            head = await self._log.head(link.conversation)
            if head.sealed != link.sealed:
                return  # of the time before somebody proved to be the customer
            by = f"{session.site}:{session.visitor}"
            mine = await self._log.use_once(head.id, link.name, by=by, seconds=seconds)
            if not mine:
                _log.info("link_used_again", conversation=link.conversation, channel="web")
                return
            if link.mailed:
                session.floor = head.climbed_after
            elif not await self._settle_in(session, head):
                return
        except (NotFound, BusUnavailable):
            return
        session.conversation = link.conversation

    async def _settle_in(self, session: Session, head: Head) -> bool:
        """From now on this browser is one of the customer's places."""
        if head.sealed:
            proofs = self._proofs
            if proofs is None or not await proofs.admit(head.id, session.home, sealed=head.sealed):
                return False
        await self._log.rebind(session.home, head.id)
        return True

    async def find(self, session: Session) -> ConversationId | None:
        """The conversation of this browser, unless it is closed to it. Raises `BusUnavailable`."""
        found = await self._log.find(session.home)
        if found is None:
            return None
        try:
            head = await self._log.head(found)
        except NotFound:
            return None
        return found if head.is_open_to(session.home) else None

    async def take_along(
        self, session: Session, before: Address, found: ConversationId | None
    ) -> ConversationId | None:
        """The conversation of who just signed in: `found` is what they have already. Where that is
        none, or closed, it is what this browser said (`before`), if only this browser did. May be
        done again after any of its steps. Raises `BusUnavailable`."""
        said = await self._log.find(before)
        if said is None or session.identity is None or self._proofs is None:
            return found
        try:
            if not _is_alone(await self._log.head(said), before):
                return found
            if found is not None and found != said and not await self._is_closed(found):
                return found
            await self._log.rebind(session.home, said)
            sealed = await self._proofs.prove(
                said, session.home, contact=session.identity, email=_address_of(session),
                level=SIGNED_BY_PAGE,
            )  # fmt: skip
            await self._log.accept(
                note_of_place(
                    f"signed-in:{said}:{sealed}",
                    said,
                    session.home,
                    SIGNED_IN,
                    session.identity,
                    "The customer signed in to the page: level 2.",
                )
            )
        except NotFound:
            return found
        return said

    async def _is_closed(self, conversation: ConversationId) -> bool:
        return (await self._log.head(conversation)).status == "closed"

    async def begin(self, session: Session) -> ConversationId:
        """A conversation for the first word of this browser: its own, or a new one."""
        level = SIGNED_BY_PAGE if session.identity else BARE_CLAIM
        made = await self._log.create(session.home, contact=session.identity, level=level)
        if (await self._log.head(made)).is_open_to(session.home):
            return made
        nowhere = session.home.model_copy(update={"chat": ""})
        made = await self._log.create(nowhere, contact=session.identity, level=level)
        await self._log.rebind(session.home, made)
        return made

    async def is_out(self, session: Session) -> bool:
        """True for who only has a link of a mail, in a conversation that is proved to be
        somebody's: they may read the mail's words, and say theirs elsewhere."""
        if session.floor is None or session.conversation is None:
            return False
        return bool((await self._log.head(ConversationId(session.conversation))).sealed)

    async def know(self, session: Session, head: Head) -> None:
        """Remember what the page vouches for: who it is, and their address."""
        if self._unseen is None or session.identity is None or head.contact != session.identity:
            return
        if head.level > SIGNED_BY_PAGE:
            return  # a code proved more than the page vouches for
        email = _address_of(session)
        if email and head.email != email:
            await self._unseen.note_email(head.id, email)
        if head.level < SIGNED_BY_PAGE:
            await self._unseen.note_level(head.id, SIGNED_BY_PAGE)

    async def speak(self, session: Session, conversation: ConversationId) -> None:
        """Before words are taken: those of somebody who only has a link prove nothing."""
        if self._unseen is not None and session.floor is not None:
            await self._unseen.note_level(conversation, BARE_CLAIM)


def _is_alone(head: Head, place: Address) -> bool:
    """True for a conversation of nobody yet, in which nobody spoke from anywhere else."""
    nobodys = not head.sealed and head.contact is None and head.level == BARE_CLAIM
    places = [*head.places, *([head.address] if head.address else [])]
    return nobodys and {place_name(one) for one in places} == {place_name(place)}


def _address_of(session: Session) -> str:
    """The mail address that the page vouches for; empty if there is none."""
    return session.email if session.email and is_address(session.email) else ""
