"""The desk's acts on a conversation: reply, note, draft, take, release, assign, close and so on.

Above: the desks (Socket.IO, REST, Slack). Below: ingress, `core.bus.log`. A person enters through
the same door as everybody else; the same words under the same client id are said once.
"""

from __future__ import annotations

from typing import Literal

from channels.ingress import MAX_TEXT, Ingress, check_text
from core.bus.log import RedisLog
from core.conversation import Accepted, Head
from core.errors import Conflict
from core.escalation.folding import ALL_NOTES
from core.ids import ConversationId, EventId, client_event_id, new_event_id
from core.messages import Address, Attachment, Author, ControlAction, Entry, InboundEvent
from core.translation.bridge import Bridge
from core.translation.ports import TranslationFailed

_INSIDE = "All words stay inside from now on; those behind `reply:` go to the customer."
_OUTSIDE = "Words go to the customer again; those behind `note:` stay inside."


class DeskActs:
    """What a person of the desk may do."""

    def __init__(self, log: RedisLog, ingress: Ingress, bridge: Bridge | None = None) -> None:
        """`bridge` translates words that are not in the customer's language."""
        self._log = log
        self._ingress = ingress
        self._bridge = bridge

    async def say(
        self, conversation: ConversationId, kind: Literal["message", "note", "draft"],
        text: object, *,
        author: Author, client_id: str | None = None, act: EventId | None = None,
        in_reply_to: int | None = None, attachments: tuple[Attachment, ...] = (),
        most: int = MAX_TEXT,
    ) -> Accepted:  # fmt: skip
        """An answer to the customer, or a note or draft that they never see; once for a
        `client_id`, or for the id of an `act` of a platform. `most`: a platform that takes longer
        texts than a web page loses none of them here."""
        head = await self._log.head(conversation)
        if kind == "draft":  # it answers what the customer said last
            in_reply_to = in_reply_to or head.last_customer_seq or None
        name = act or client_event_id("desk", conversation, client_id or new_event_id("desk"))
        event = InboundEvent(
            id=name, conversation=conversation, kind=kind, attachments=attachments,
            text=check_text(text, most=most, empty=bool(attachments)), address=_home(head),
            author=author, client_id=client_id, in_reply_to=in_reply_to,
        )  # fmt: skip
        if self._bridge is None or kind != "message" or not event.text:
            return await self._ingress.accept(event)
        return await self._say_translated(self._bridge, head, event)

    async def _say_translated(self, bridge: Bridge, head: Head, event: InboundEvent) -> Accepted:
        """In the customer's language, if it is in another; what could not be translated goes out
        as it was written, and the person is told."""
        words = await bridge.outgoing(head, event.text, event=event.id)
        changes = words.model_dump(exclude={"trouble"}, exclude_none=True)
        accepted = await self._ingress.accept(event.model_copy(update=changes))
        if words.trouble is not None:
            await bridge.tell(head, event.id, words.trouble, accepted.seq)
        return accepted

    async def translate(
        self, conversation: ConversationId, seq: int, *, language: str | None = None
    ) -> Entry | None:
        """The note with the translation of a message for people; None: it needs none. Raises
        `Conflict` where it cannot be translated, `NotFound` where there is no such message."""
        if self._bridge is None or not self._bridge.can_translate:
            raise Conflict("there is no model that could translate it", code="unsupported")
        try:
            return await self._bridge.translate_entry(conversation, seq, language=language)
        except TranslationFailed as error:
            raise Conflict("it could not be translated", code="translation") from error

    async def send_draft(
        self, conversation: ConversationId, draft: str, text: object, *, author: Author,
        in_reply_to: int | None = None,
    ) -> Accepted:  # fmt: skip
        """Say a draft to the customer, as it is or edited: once, however many press the button.
        `conflict` says that another wording of it went out already."""
        said = client_event_id("desk", conversation, f"draft:{draft}")
        return await self.say(
            conversation, "message", text, author=author, act=said, in_reply_to=in_reply_to
        )

    async def control(
        self, conversation: ConversationId, action: ControlAction, *, author: Author,
        reason: str | None, act: EventId | None = None, value: str | None = None,
        text: str = "",
    ) -> Accepted:  # fmt: skip
        """An act without words for the customer: `core.messages.DESK_ACTS` says what `value` is.
        `edit` and `delete` change a message of theirs (`value`: its entry id)."""
        head = await self._log.head(conversation)
        event = InboundEvent(
            id=act or new_event_id("desk"), conversation=conversation, kind="control",
            action=action, address=_home(head), author=author, reason=reason, value=value,
            text=text,
        )  # fmt: skip
        if self._bridge is None or action != "edit" or not text:
            return await self._ingress.accept(event)
        return await self._say_translated(self._bridge, head, event)

    async def keep_inside(
        self, conversation: ConversationId, on: bool, *, author: Author, act: EventId | None = None
    ) -> Accepted:
        """From now on plain words of people are notes in this case, or go to the customer."""
        head = await self._log.head(conversation)
        event = InboundEvent(
            id=act or new_event_id("desk"), conversation=conversation, kind="note",
            address=_home(head), author=author, reason=ALL_NOTES, value="on" if on else "off",
            text=_INSIDE if on else _OUTSIDE,
        )  # fmt: skip
        return await self._ingress.accept(event)


def _home(head: Head) -> Address:
    return head.address or Address(channel="rest", chat=head.id)
