"""A conversation as server-sent events: the log, then the log live.

Above: `routes`. Below: `core.bus`. The id of an event is the entry's sequence, so a client that
comes back with `Last-Event-ID` misses nothing; a gap in what comes live is read from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from core.bus.live import LiveDelta, LiveEntry, LiveEvent, LiveState, LiveTyping
from core.changes import as_it_stands
from core.errors import InputError, NotFound
from core.identity.claims import is_proof
from core.ids import ConversationId, is_conversation_id
from core.messages import Entry

_HEARTBEAT_SECONDS = 15.0
_MOST_QUEUED = 1_000
_PAGE = 500


class Events:
    """Handler of `/conversations/{id}/events`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._log = deps.bus.log
        self._live = deps.bus.live
        self._tokens = deps.tokens
        self._link = deps.files.link if deps.files else None

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Runs until the client goes."""
        conversation = request.match_info["id"]
        principal = principal_of(request)
        principal.require(conversation)
        if not is_conversation_id(conversation):
            raise NotFound("no such conversation")
        after = _last_seen(request)
        await self._log.head(ConversationId(conversation))
        line = _Line(request, staff=principal.scope != "customer", after=after, link=self._link)
        unwatch = self._live.watch(conversation, line.put)
        forget = self._tokens.watch(principal, line.end)
        try:
            await line.open()
            await self._catch_up(ConversationId(conversation), line)
            await self._follow(ConversationId(conversation), line)
        except ConnectionError:
            pass  # the client went away
        except NotFound:
            if not line.response.prepared:
                raise
        finally:
            unwatch()
            forget()
        return line.response

    async def _catch_up(self, conversation: ConversationId, line: _Line) -> None:
        """Everything the log has beyond what the line has shown."""
        while True:
            entries = await self._log.entries(conversation, after=line.seen, limit=_PAGE)
            for entry in as_it_stands(entries):
                await line.show(entry)
            if len(entries) < _PAGE:
                return

    async def _follow(self, conversation: ConversationId, line: _Line) -> None:
        while not line.over:
            event = await line.next()
            if line.over:
                return
            if event is None:
                await self._log.head(conversation)  # one that was erased has no more to say
                await line.beat()
                await self._catch_up(conversation, line)
            elif not isinstance(event, LiveEntry):
                await line.hint(event)
            elif event.entry.seq == line.seen + 1:
                await line.show(event.entry)
            elif event.entry.seq > line.seen:
                await self._catch_up(conversation, line)


class _Line:
    """One open response, and how far it has got."""

    def __init__(
        self,
        request: web.Request,
        *,
        staff: bool,
        after: int,
        link: Callable[[str], str] | None = None,
    ) -> None:
        self._link = link
        self.seen = after
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream", "Cache-Control": "no-store",
                "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff",
            }
        )  # fmt: skip
        self._request = request
        self._staff = staff
        self._queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(_MOST_QUEUED)
        self.over = False

    def put(self, event: LiveEvent) -> None:
        """From the live tail. What a full queue drops is found in the log again. Somebody who
        proves elsewhere that the conversation is theirs ends the lines of before."""
        if not self._staff and isinstance(event, LiveEntry) and is_proof(event.entry):
            self.end()
        elif not self._queue.full():
            self._queue.put_nowait(event)

    def end(self) -> None:
        """The token is no good any more: nothing further is written."""
        self.over = True
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def open(self) -> None:
        await self.response.prepare(self._request)
        await self.response.write(b"retry: 1000\n\n")

    async def next(self) -> LiveEvent | None:
        """The next event; None when it is time for a heartbeat."""
        try:
            async with asyncio.timeout(_HEARTBEAT_SECONDS):
                return await self._queue.get()
        except TimeoutError:
            return None

    async def show(self, entry: Entry) -> None:
        """Write an entry, once, if the caller may see it."""
        if self.over or entry.seq <= self.seen:
            return
        self.seen = entry.seq
        if self._staff or entry.is_for_customer():
            shape = entry.public(self._link, desk=self._staff)
            await self._write("entry", shape, entry.seq)

    async def hint(self, event: LiveEvent) -> None:
        """Write what is not an entry: no id, so it is never asked for again."""
        if isinstance(event, LiveDelta):
            shape = event.delta.model_dump(exclude={"conversation"})
            await self._write("delta", shape)
        elif isinstance(event, LiveTyping):
            await self._write("typing", {"author": event.author})
        elif isinstance(event, LiveState):
            state = {"owner": event.owner, "specialist": event.specialist, "status": event.status}
            await self._write("state", state)

    async def beat(self) -> None:
        await self.response.write(b": alive\n\n")

    async def _write(self, kind: str, data: Any, number: int | None = None) -> None:
        head = f"event: {kind}\n" + (f"id: {number}\n" if number is not None else "")
        await self.response.write(head.encode() + b"data: " + orjson.dumps(data) + b"\n\n")


def _last_seen(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID") or request.query.get("after") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise InputError("Last-Event-ID must be a sequence number")
    return int(text)
