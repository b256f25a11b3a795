"""Carries to the platform what a person changed of a message that was sent; else tells the desk.

Above: `delivery`. Below: the log, the power `channels.base.ChangesSent` of an adapter. An edit or a
withdrawal stands in the log already, whatever becomes of it here; what a platform cannot change is
a note for the desk (reason `edit_not_carried`), once, and never silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.bus.log import RedisLog
from core.bus.sends import sent_ids
from core.errors import UnsupportedContent
from core.ids import ConversationId, EventId
from core.messages import CHANGES, Address, Author, Entry, InboundEvent

_log = structlog.get_logger("delivery")
NOT_CARRIED = "edit_not_carried"
_TOLD = {
    "edit": "The customer may still see the old words of a message that was changed: {why}.",
    "delete": "The customer may still see a message that was withdrawn: {why}.",
}


class Changer(Protocol):
    """The part of `channels.delivery.Accounts` that is needed here."""

    def changer_of(self, platform_ids: Sequence[str]) -> Any:
        """The adapter that sent these and can change them, if there is one."""
        ...


def is_amendment(entry: Entry) -> bool:
    """True if a person of the company changes a message of theirs."""
    return (
        entry.kind == "control"
        and entry.author.role == "human_agent"
        and entry.action in CHANGES
    )  # fmt: skip


def is_taken_back(entry: Entry, later: Sequence[Entry]) -> bool:
    """True if a person withdrew this message of theirs in what follows."""
    return entry.author.role == "human_agent" and any(
        act.action == "delete" and act.value == entry.id and is_amendment(act) for act in later
    )


class Amender:
    """The changes of one channel's conversations."""

    def __init__(self, bus: Bus, sender: object) -> None:
        self._log = bus.log
        self._calls = bus.calls
        self._changer: Any = getattr(sender, "changer_of", None)

    async def carry(self, conversation: ConversationId, act: Entry, to: Address | None) -> None:
        """Doing it twice is as doing it once. Raises the `ChannelError` that says if it is worth
        trying again."""
        message = await self._message_of(conversation, act)
        if message is None:
            raise UnsupportedContent("there is no such message of a person")
        sent = await sent_ids(self._calls, conversation, message.seq, reader="customer")
        if not sent and await self._status_of(conversation, message.seq) == "withheld":
            return  # it never left
        if not sent:
            raise UnsupportedContent("nothing is known of its arrival here")
        adapter: Any = self._changer(sent) if self._changer is not None else None
        if adapter is None or to is None:
            raise UnsupportedContent("a message that was sent there cannot be changed")
        if act.action == "delete":
            await adapter.withdraw_sent(to, sent)
        else:
            await adapter.edit_sent(to, sent, message, act.text)

    async def has_begun(self, conversation: ConversationId, seq: int) -> bool:
        """True if somebody tried to send this entry."""
        return await self._status_of(conversation, seq) is not None

    async def _status_of(self, conversation: ConversationId, seq: int) -> str | None:
        sends = ConversationKeys.of(conversation).sends
        raw = await self._calls.command("HGET", sends, f"customer:{seq}")
        return raw.decode().partition("|")[0] if raw is not None else None

    async def tell_desk(self, conversation: ConversationId, act: Entry, why: str) -> None:
        """Under an id that hangs on the act, so that it is told once."""
        told = _TOLD[act.action or "edit"].format(why=why)
        _log.warning(NOT_CARRIED, conversation=conversation, seq=act.seq, action=act.action)
        await self._log.accept(
            InboundEvent(
                id=EventId(f"{act.id}:not-carried"), conversation=conversation, kind="note",
                address=Address(channel="desk", chat="desk"), author=Author(role="system"),
                text=told, reason=NOT_CARRIED, value=act.value,
            )
        )  # fmt: skip

    async def _message_of(self, conversation: ConversationId, act: Entry) -> Entry | None:
        return await find_own(self._log, conversation, act.value or "")


async def find_own(log: RedisLog, conversation: ConversationId, entry_id: str) -> Entry | None:
    """The message of a person of the company that has this id; None if it is nobody's or another's:
    words of the AI and of customers are not for people to change."""
    seq = await log.seq_of(conversation, entry_id) if entry_id else None
    if seq is None:
        return None
    found = await log.entries(conversation, after=seq - 1, limit=1)
    if not found or found[0].id != entry_id or found[0].kind != "message":
        return None
    return found[0] if found[0].author.role == "human_agent" else None
