"""What a customer of a page has not seen climbs: to the Telegram chat that they went on in before,
else to one mail with all of it.

Above: the role `worker`. Below: `core.bus.unseen`, `channels.climbing_places`. Nothing is sent from
here: the conversation's address moves, as it does when the customer writes from elsewhere, and
delivery sends what was not seen. Once, however many of these services run; who is seen on the page
again gets answers there again.
"""

from __future__ import annotations

import asyncio

import structlog
from pydantic import BaseModel, ConfigDict, Field

from channels.climbing_places import Places, place_for
from core import telemetry
from core.bus.connect import Bus
from core.conversation import Head
from core.errors import BusError, NotFound, SwitchboardError
from core.ids import ConversationId, EventId
from core.messages import Address, Author, Entry, InboundEvent
from core.runtime import sleep_until

_log = structlog.get_logger("climbing")
_LOOK_SECONDS = 2.0
_MOST_READ = 1000
_HOUSE = Author(role="system")


class ClimbingSettings(BaseModel):
    """What happens with words that a customer of the page does not see."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: bool = Field(
        default=True,
        description="Send them on: to Telegram if the customer went on there before, else by mail. "
        "Needs one of these channels.",
    )
    after_seconds: float = Field(
        default=120.0, gt=0, description="So long after the first word that was not seen."
    )
    page: str | None = Field(
        default=None,
        description="Address of a page with the widget: mails then have a link that opens the "
        "conversation there.",
    )
    link_hours: float = Field(
        default=72.0, gt=0, le=720, description="How long that link is good; it is for one use."
    )


class Climber:
    """Service: until stopped."""

    name = "climbing"

    def __init__(self, bus: Bus, places: Places, settings: ClimbingSettings) -> None:
        self._bus = bus
        self._places = places
        self._after_ms = int(settings.after_seconds * 1000)
        self._pause = min(_LOOK_SECONDS, settings.after_seconds / 2)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, self._pause):
            try:
                await self.look()
            except BusError as error:
                _log.warning("unseen_not_looked_at", error=type(error).__name__)

    async def look(self) -> int:
        """Send on what is due; returns how many conversations."""
        before = await self._bus.unseen.now_ms() - self._after_ms
        climbed = 0
        for conversation in await self._bus.unseen.due(before_ms=before):
            try:
                climbed += await self._send_on(conversation)
            except (SwitchboardError, ValueError) as error:  # nobody may block the others
                _log.warning(
                    "unseen_words_put_off", conversation=conversation, error=type(error).__name__
                )
                await self._bus.unseen.put_off(conversation)
        return climbed

    async def _send_on(self, conversation: ConversationId) -> bool:
        try:
            head = await self._bus.log.head(conversation)
        except NotFound:
            await self._bus.unseen.let_be(conversation, said=0)
            return False
        after = max(head.seen, head.climbed)
        entries = await self._bus.log.entries(
            conversation, after=after, limit=max(1, head.said - after)
        )
        words = unseen_words(entries, head)
        place = await self._place(head) if words else None
        if place is None:
            await self._bus.unseen.let_be(conversation, said=head.said)
            return False
        climbed = await self._bus.unseen.climb(
            conversation, place, after=words[0].seq - 1, newest=words[-1].seq, said=head.said
        )
        if climbed:
            telemetry.CLIMBED.labels(place.channel).inc()
            _log.info("unseen_words_climbed", conversation=conversation, channel=place.channel)
            await self._bus.log.accept(_note(head, place, words[-1].seq))
        return climbed

    async def _place(self, head: Head) -> Address | None:
        whole = await self._bus.log.entries(head.id, limit=_MOST_READ)
        return place_for(head, whole, self._places)


def unseen_words(entries: list[Entry], head: Head) -> list[Entry]:
    """What people and the AI said that the customer has not seen; no word of an AI that a person
    has overtaken."""
    return [
        entry
        for entry in entries
        if entry.kind == "message"
        and (
            entry.author.role == "human_agent"
            or (entry.author.role == "ai" and entry.epoch == head.epoch)
        )
    ]


def _note(head: Head, place: Address, newest: int) -> InboundEvent:
    """For people: where their words have gone."""
    where = "by mail" if place.channel == "email" else f"to {place.channel}"
    return InboundEvent(
        id=EventId(f"climb:{head.id}:{newest}"), conversation=head.id, kind="note",
        address=place, author=_HOUSE, reason="climbed",
        text=f"Not seen on the page in time: sent on {where}.",
    )  # fmt: skip
