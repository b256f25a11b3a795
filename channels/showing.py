"""One answer as it is shown while it is made: typing first, then its words, paced; and its end.

Above: `previews`. Below: the log, the powers of one adapter.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from core.bus import scripts
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.conversation import Head, Preview
from core.errors import BusError, ChannelError, NotFound
from core.ids import ConversationId
from core.messages import Address
from core.ports import Delta
from core.runtime import sleep_until

_log = structlog.get_logger("previews")
# `answered`: the answer is in the log, delivery has it from here. `taken`: a human has the
# conversation. `turned`: the turn is over without the answer that was shown.
Ending = Literal["answered", "taken", "turned"]
_TYPING_SECONDS = 4.0
# An answer that is there at once needs no sign that it comes.
_QUIET_SECONDS = 0.3
_CALL_SECONDS = 5.0
# A turn that says nothing for so long has died; another process will begin it anew.
_PATIENCE_SECONDS = 120.0
_LONGEST = 20_000
_DROPS = 3


@dataclass(frozen=True)
class Stage:
    """Where it is shown: the store, the channel, and the adapter of an account."""

    bus: Bus
    channel: str
    adapter_of: Callable[[str], Any]


class Showing:
    """The answer that one conversation waits for. Told of hints by `add` and `end`; `idle` is set
    while no call to the platform runs."""

    def __init__(
        self, stage: Stage, conversation: str, address: Address | None, *, typing_of: str = "ai"
    ) -> None:
        self._stage = stage
        self._conversation = ConversationId(conversation)
        self._address = address
        self._typing_of = typing_of
        self.entry: str | None = None
        self.idle = asyncio.Event()
        self.idle.set()
        self._ended: Ending | None = None
        self._news = asyncio.Event()
        self._attempt, self._next_part, self._text = -1, 0, ""
        self._whole = True
        self._shown_text = ""
        self._preview: Preview | None = None
        self._mark = secrets.token_hex(8)

    def add(self, delta: Delta) -> None:
        """One more piece. A newer attempt begins anew; one with a gap is not shown further."""
        if delta.id != self.entry or delta.attempt > self._attempt:
            self.entry, self._attempt = delta.id, delta.attempt
            self._next_part, self._text, self._whole = 0, "", True
        elif delta.attempt < self._attempt:
            return
        if delta.part != self._next_part:
            self._whole = False
        self._next_part = delta.part + 1
        if self._whole and len(self._text) < _LONGEST:
            self._text += delta.text
            self._news.set()

    def end(self, how: Ending) -> None:
        """Nothing more is shown. The first word counts: once the answer is in the log, delivery
        decides what becomes of it."""
        self._ended = self._ended or how
        self._news.set()

    async def run(self) -> None:
        """Show until the end; never raises for a platform or a store that fails."""
        try:
            head = await self._stage.bus.log.head(self._conversation)
            adapter = self._adapter(head)
            if adapter is None:
                return
            if self._typing_of == "human":
                await self._call(adapter.show_typing, head.address)
                await asyncio.sleep(_TYPING_SECONDS)
            elif head.owner == "ai" and await self._is_mine():
                await self._show(adapter, head)
        except (BusError, NotFound) as error:
            _log.debug("not_shown", conversation=self._conversation, error=str(error))

    def _adapter(self, head: Head) -> Any:
        """Who shows it; None if it is another channel's matter. Answers go where the head says."""
        address = head.address
        if address is None or address.channel != self._stage.channel:
            return None
        self._address = address
        adapter = self._stage.adapter_of(address.account)
        if self._typing_of == "human" and not (adapter and adapter.capabilities.typing):
            return None
        return adapter

    async def _is_mine(self) -> bool:
        """One process shows a conversation; whoever comes first."""
        key = f"{ConversationKeys.of(self._conversation).head}:shown"
        args = [self._mark, int(_PATIENCE_SECONDS)]
        before = await self._stage.bus.calls.script(scripts.KEEP, [key], list(args))
        return not before or before.decode() == self._mark

    async def _show(self, adapter: Any, head: Head) -> None:
        try:
            await self._until_over(adapter, head)
            if self._ended != "answered":
                await self._take_away(adapter)
        finally:
            key = f"{ConversationKeys.of(self._conversation).head}:shown"
            await self._stage.bus.calls.command("DEL", key)

    async def _until_over(self, adapter: Any, head: Head) -> None:
        clock = asyncio.get_running_loop().time
        gap = adapter.capabilities.preview_seconds
        if await sleep_until(self._news, _QUIET_SECONDS) and self._ended:
            return
        typing_at, words_at, over_at = clock(), clock(), clock() + _PATIENCE_SECONDS
        while self._ended is None and clock() < over_at:
            self._news.clear()
            if (
                gap
                and self._text.strip()
                and self._text != self._shown_text
                and clock() >= words_at
            ):
                if not await self._show_words(adapter, head):
                    return
                words_at, over_at = clock() + gap, clock() + _PATIENCE_SECONDS
            elif clock() >= typing_at and not self._shown_text and adapter.capabilities.typing:
                if not await self._call(adapter.show_typing, head.address):
                    return
                typing_at = clock() + _TYPING_SECONDS
            waiting = gap and self._text != self._shown_text
            due = words_at if waiting else typing_at if not self._shown_text else over_at
            await sleep_until(self._news, max(due - clock(), 0.01))
            if waiting and self._ended is None:
                await self._pause_until(words_at)

    async def _pause_until(self, at: float) -> None:
        """Pieces come faster than they may be shown: only an end cuts the wait short."""
        clock = asyncio.get_running_loop().time
        while self._ended is None and clock() < at:
            self._news.clear()
            await sleep_until(self._news, at - clock())

    async def _show_words(self, adapter: Any, head: Head) -> bool:
        """One preview. False: it may not be shown, or cannot."""
        entry, text = self.entry or "", self._text
        log = self._stage.bus.log
        if not await log.note_preview(self._conversation, entry, head.epoch) or self._ended:
            return False
        before = self._preview.id if self._preview else None
        self.idle.clear()
        try:
            shown = await self._ask(adapter.show_preview, head.address, text, before)
        finally:
            self.idle.set()
        self._shown_text = text
        if not isinstance(shown, str) or head.address is None:
            return shown is not False
        return await self._note(
            Preview(entry=entry, to=head.address, id=shown, epoch=head.epoch), adapter
        )

    async def _note(self, preview: Preview, adapter: Any) -> bool:
        """Tell delivery of it; what came too late for that is taken away again."""
        if preview == self._preview:
            return True
        self._preview = preview
        log = self._stage.bus.log
        if await log.note_preview(self._conversation, preview.entry, preview.epoch, preview):
            return True
        await self._take_away(adapter)
        return False

    async def _take_away(self, adapter: Any) -> None:
        """The words must not stay. What cannot be done now is left to the next delivery here."""
        preview, self._preview = self._preview, None
        drop: Any = getattr(adapter, "drop_preview", None)
        if preview is None or drop is None:
            return
        for _ in range(_DROPS):
            if await self._call(drop, preview.to, preview.id):
                await self._stage.bus.log.drop_preview(self._conversation, preview.id)
                return

    async def _call(self, power: Any, *args: Any) -> bool:
        return await self._ask(power, *args) is not False

    async def _ask(self, power: Any, *args: Any) -> Any:
        """What the platform said; False if it failed."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await power(*args)
        except (ChannelError, TimeoutError) as error:
            _log.debug("not_shown", conversation=self._conversation, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- a comfort must not end with its vendor's fault
            _log.warning("not_shown", conversation=self._conversation, error=type(error).__name__)
        return False
