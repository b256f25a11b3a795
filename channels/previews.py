"""Shows on a push channel that an answer is on its way, and the answer while it is made.

Above: `switchboard.channels`. Below: `core.bus.live` (hints), the log, the optional powers
`ShowsTyping`, `ShowsPreview` and `DropsPreview` of the adapters, `channels.shown`.

A comfort, never a duty: what fails here is forgotten, and delivery waits for nothing but a call
that runs. Only what the engine lets go is shown. Each conversation is shown by one process. When a
human takes over, showing ends at once, and what was shown is taken away.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from channels.base import ChannelAdapter
from channels.showing import Showing, Stage
from core.bus.connect import Bus
from core.bus.live import LiveDelta, LiveEntry, LiveEvent, LiveState, LiveTurn, LiveTyping
from core.messages import Address, Entry
from core.ports import Delta
from core.runtime import end_tasks, spawn

_log = structlog.get_logger("previews")
# So many conversations are shown at once by one process; the others get their answers without.
_MOST = 500
_HUSH_SECONDS = 1.0
_ELSEWHERE_SECONDS = 10.0
_MOST_ELSEWHERE = 5_000


class Previews:
    """Service: watches what happens now, for the conversations of one channel."""

    def __init__(self, bus: Bus, adapters: Mapping[str, ChannelAdapter], channel: str) -> None:
        self.name = f"previews-{channel}"
        self._bus = bus
        self._channel = channel
        self._adapters = adapters
        self._running: dict[str, tuple[Showing, asyncio.Task[None]]] = {}
        # Conversations whose pieces are not ours to show, or not any more; until when.
        self._others: OrderedDict[str, float] = OrderedDict()
        self._stopping = False

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`. What stands on a platform at the end is left to delivery."""
        unwatch = self._bus.live.watch_all(self._on_event)
        ready.set()
        try:
            await stop.wait()
        finally:
            unwatch()
            self._stopping = True
            await end_tasks(*(task for _, task in self._running.values()))

    async def hush(self, conversation: str, entry: str) -> None:
        """The answer goes out now: show nothing more of it, and wait for a call that runs."""
        found = self._running.get(conversation)
        if found is None or found[0].entry not in (None, entry):
            return
        found[0].end("answered")
        try:
            async with asyncio.timeout(_HUSH_SECONDS):
                await found[0].idle.wait()
        except TimeoutError:
            _log.debug("preview_still_runs", conversation=conversation)

    def _on_event(self, conversation: str, event: LiveEvent) -> None:
        found = self._running.get(conversation)
        showing = found[0] if found else None
        match event:
            case LiveEntry(entry):
                self._on_entry(conversation, showing, entry)
            case LiveDelta(delta):
                self._on_delta(conversation, showing, delta)
            case LiveTyping(_, author):
                if author.get("role") == "human_agent" and showing is None:
                    self._begin(conversation, None, typing_of="human")
            case LiveState(_, owner, _, _):
                if showing is not None and owner != "ai":
                    showing.end("taken")
            case LiveTurn():
                if showing is not None:
                    showing.end("turned")

    def _on_delta(self, conversation: str, showing: Showing | None, delta: Delta) -> None:
        if showing is None and not self._is_elsewhere(conversation):
            showing = self._begin(conversation, None)
        if showing is not None:
            showing.add(delta)

    def _on_entry(self, conversation: str, showing: Showing | None, entry: Entry) -> None:
        if entry.author.role == "customer" and entry.kind == "message":
            if showing is None and _is_at(entry.address, self._channel):
                self._begin(conversation, entry.address)
        elif showing is None:
            return
        elif entry.author.role == "human_agent" and entry.kind == "message":
            showing.end("taken")
        elif entry.author.role == "ai" and entry.kind == "message":
            showing.end("answered" if showing.entry in (None, entry.id) else "turned")

    def _begin(
        self, conversation: str, address: Address | None, *, typing_of: str = "ai"
    ) -> Showing | None:
        if self._stopping or len(self._running) >= _MOST:
            return None
        stage = Stage(self._bus, self._channel, self._adapter_of)
        showing = Showing(stage, conversation, address, typing_of=typing_of)
        task = spawn(showing.run(), name=f"{self.name}-{conversation}")
        self._running[conversation] = (showing, task)
        task.add_done_callback(partial(self._forget, conversation))
        return showing

    def _forget(self, conversation: str, task: asyncio.Task[None]) -> None:
        found = self._running.get(conversation)
        if found is not None and found[1] is task:
            del self._running[conversation]
            self._others[conversation] = asyncio.get_running_loop().time() + _ELSEWHERE_SECONDS
            while len(self._others) > _MOST_ELSEWHERE:
                self._others.popitem(last=False)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("preview_failed", conversation=conversation, error=type(error).__name__)

    def _is_elsewhere(self, conversation: str) -> bool:
        until = self._others.get(conversation, 0.0)
        return asyncio.get_running_loop().time() < until

    def _adapter_of(self, account: str) -> Any:
        return self._adapters.get(account)


def is_of_use(adapters: Mapping[str, ChannelAdapter]) -> bool:
    """True if any of them can show anything."""
    return any(
        adapter.capabilities.typing or adapter.capabilities.preview_seconds > 0
        for adapter in adapters.values()
    )


def _is_at(address: Address | None, channel: str) -> bool:
    return address is not None and address.channel == channel
