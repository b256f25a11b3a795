"""From an adapter's arrival to an event in its conversation: finds the conversation, and the entry
that is answered.

Above: the channel services and the HTTP doors, as their `publish`. Below: `ingress`, the log.
"""

from __future__ import annotations

from typing import Any

import structlog

from channels.base import Arrival
from channels.ingress import Ingress
from core.bus.log import RedisLog
from core.bus.proofs import StoredProofs
from core.conversation import BARE_CLAIM, Accepted, Turnpike
from core.errors import InputError, NotFound
from core.files.library import Files
from core.files.naming import safe_name
from core.identity.claims import LINKED
from core.identity.links import Link, LinkTokens
from core.ids import ConversationId, EventId
from core.messages import CHANGES, Attachment, Author, InboundEvent
from core.text import clean_text

_log = structlog.get_logger("arrivals")
# Longer than any channel's own limit; what is beyond is cut, and said to be.
MOST_TEXT = 100_000


class Arrivals:
    """The `publish` of all accounts of one channel."""

    def __init__(
        self, log: RedisLog, *, channel: str, turnpike: Turnpike, files: Files | None = None,
        links: LinkTokens | None = None, proofs: StoredProofs | None = None,
    ) -> None:  # fmt: skip
        self._log = log
        self._proofs = proofs
        self._links = links
        self._channel = channel
        self._files = files
        self._ingress = Ingress(log, channel=channel, turnpike=turnpike)

    async def publish(self, arrival: Arrival) -> Accepted:
        """Returns when the log has it. Raises `BusUnavailable`: not stored, deliver again;
        `Conflict`: this id came with other words before; `NotFound`: a note on nothing."""
        arrival, linked = await self._open_link(arrival)
        conversation = await self._find(arrival)
        answered = None
        about = arrival.value if arrival.action in CHANGES else arrival.reply_to
        if about is not None:
            answered = await self._log.seq_of(conversation, about)
        accepted = await self._ingress.accept(
            InboundEvent(
                id=arrival.id,
                conversation=conversation,
                kind=arrival.kind,
                address=arrival.address,
                author=arrival.author,
                text=clean_text(arrival.text)[:MOST_TEXT],
                action=arrival.action,
                value=arrival.value,
                in_reply_to=answered,
                attachments=await self._settle(arrival, conversation),
                language=arrival.language,
                sent_at=arrival.sent_at,
            )
        )
        if linked and arrival.conversation == conversation:
            await self._ingress.accept(_note_of_link(arrival, conversation))
        return accepted

    async def _open_link(self, arrival: Arrival) -> tuple[Arrival, bool]:
        """The arrival in the conversation of its link, if that is good and nobody used it; a
        repeat of the same arrival is no second use."""
        link = self._links.read(arrival.link) if self._links and arrival.link else None
        if link is None or self._links is None:
            return arrival, False
        mine = await self._log.use_once(
            link.conversation, link.name, by=arrival.id, seconds=self._links.seconds_left(link)
        )
        if not mine or not await self._may_enter(link, arrival):
            _log.info("link_refused", conversation=link.conversation, channel=self._channel)
            return arrival, False
        return arrival.model_copy(update={"conversation": link.conversation}), True

    async def _may_enter(self, link: Link, arrival: Arrival) -> bool:
        """A link opens what its giver could read: not what somebody proved to be theirs since."""
        try:
            head = await self._log.head(link.conversation)
        except NotFound:
            return True  # the address decides
        if head.sealed != link.sealed or (head.sealed and link.mailed):
            return False
        if not head.sealed:
            return True
        return self._proofs is not None and await self._proofs.admit(
            link.conversation, arrival.address, sealed=head.sealed
        )

    async def _settle(
        self, arrival: Arrival, conversation: ConversationId
    ) -> tuple[Attachment, ...]:
        """The files under ids of ours and names without tricks; their bytes are fetched when
        somebody wants them."""
        named = [
            file.model_copy(update={"name": safe_name(file.name)}) for file in arrival.attachments
        ]
        if self._files is None:
            return tuple(named)
        return tuple(
            [await self._files.settle(file, arrival.address, conversation) for file in named]
        )

    async def _find(self, arrival: Arrival) -> ConversationId:
        """The proved conversation, or the one at the address, which is made if need be."""
        if not arrival.address.chat:
            raise InputError("an arrival needs an address")
        if arrival.former is not None:
            moved = await self._log.find(arrival.former)
            if moved is not None:
                await self._log.rebind(arrival.address, moved)
        named = arrival.conversation
        if named is not None and await self._is_open(named, arrival):
            if arrival.kind != "note":
                await self._log.rebind(arrival.address, named)
            return named
        if arrival.kind == "note":
            found = await self._log.find(arrival.address)
            if found is None:
                raise NotFound("a note belongs to a conversation that there is")
            return found
        about: dict[str, Any] = {
            "contact": arrival.contact, "language": arrival.language, "level": arrival.level,
        }  # fmt: skip
        conversation = await self._log.create(arrival.address, **about)
        if await self._is_open(conversation, arrival):
            return conversation
        # Somebody else, or they from elsewhere, proved to be its customer: this is another matter.
        nowhere = arrival.address.model_copy(update={"chat": ""})
        conversation = await self._log.create(nowhere, **about)
        await self._log.rebind(arrival.address, conversation)
        return conversation

    async def _is_open(self, conversation: ConversationId, arrival: Arrival) -> bool:
        """False for one that is gone, and for one that was proved to be another's."""
        try:
            head = await self._log.head(conversation)
        except NotFound:
            return False
        if head.sealed and arrival.address.channel == "email":
            shown = arrival.conversation is not None or arrival.level > BARE_CLAIM
            if not shown or self._proofs is None or not head.is_open_to(arrival.address):
                return False
            return await self._proofs.admit(conversation, arrival.address, sealed=head.sealed)
        return head.is_open_to(arrival.address)


def _note_of_link(arrival: Arrival, conversation: ConversationId) -> InboundEvent:
    """For whoever reads the log: from here on the customer writes from another channel."""
    return InboundEvent(
        id=EventId(f"{arrival.id}:linked"), conversation=conversation, kind="note",
        address=arrival.address, author=Author(role="system"), reason=LINKED,
        value=arrival.contact,
        text=f"The customer goes on in {arrival.address.channel}.",
    )  # fmt: skip
