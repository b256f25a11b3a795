"""The pager service of tests/examples/pager on loopback, which misbehaves on command.

Above: the rig of the example channel. Below: aiohttp. The protocol is in the example's README.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Fields = dict[str, Any]
MOST_TEXT, MOST_CHOICES = 500, 4


@dataclass
class Fault:
    """What happens to a coming send."""

    kind: str
    chat: str | None = None
    after: int = 0
    seconds: float = 0.0


@dataclass
class PagerServer:
    """The service: events that wait for an acknowledgement, messages that were sent."""

    token: str = field(default_factory=lambda: f"pager-{secrets.token_hex(12)}")
    url: str = ""
    events: dict[int, Fields | bytes] = field(default_factory=dict[int, Fields | bytes])
    last: Fields | None = None
    messages: list[Fields] = field(default_factory=list[Fields])
    tried: list[str] = field(default_factory=list[str])
    typing: list[str] = field(default_factory=list[str])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    faults: list[Fault] = field(default_factory=list[Fault])
    streams: set[web.StreamResponse] = field(default_factory=set[web.StreamResponse])
    count: int = 0
    _news: dict[web.StreamResponse, asyncio.Queue[int]] = field(
        default_factory=dict[web.StreamResponse, "asyncio.Queue[int]"]
    )

    def next_number(self) -> int:
        """Numbers of events, messages and files."""
        self.count += 1
        return self.count

    def put(self, event: Fields | bytes) -> None:
        """An event happens."""
        number = self.next_number()
        if isinstance(event, dict):
            event = {"n": number, **event}
            self.last = event
        self._push(number, event)

    def repeat(self) -> None:
        """The last event comes again, taken or not."""
        assert self.last is not None
        self._push(self.last["n"], self.last)

    def _push(self, number: int, event: Fields | bytes) -> None:
        self.events[number] = event
        for queue in self._news.values():
            queue.put_nowait(number)

    async def cut(self) -> None:
        """All streams break."""
        for stream in list(self.streams):
            if stream._req is not None and stream._req.transport is not None:
                stream._req.transport.abort()

    # ---- the wire

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/events`."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        queue: asyncio.Queue[int] = asyncio.Queue()
        for number in sorted(self.events):
            queue.put_nowait(number)
        self._news[response] = queue
        self.streams.add(response)
        try:
            while True:
                number = await queue.get()
                if (event := self.events.get(number)) is not None:
                    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
                    await response.write(raw + b"\n")
                    if isinstance(event, bytes):  # nobody can acknowledge what has no number
                        del self.events[number]
        except ConnectionError:
            return response
        finally:
            self.streams.discard(response)
            del self._news[response]

    async def ack(self, request: web.Request) -> web.Response:
        """`POST /v1/events/{n}/ack`."""
        self.events.pop(int(request.match_info["n"]), None)
        return web.Response(status=204)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/messages`."""
        body = await request.json()
        self.tried.append(body["chat"])
        fault = self._fault(body["chat"])
        if (refusal := _refuse(fault)) is not None:
            return refusal
        if len(body["text"]) > MOST_TEXT or len(body.get("choices", ())) > MOST_CHOICES:
            return web.json_response({"error": "too much"}, status=422)
        known = next((m for m in self.messages if m["key"] == body.get("key", "-")), None)
        if known is None:
            known = {"id": f"m{self.next_number()}", "key": None, "choices": [], **body}
            self.messages.append(known)
        if fault is not None and fault.kind == "unsure":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"id": known["id"]}, status=201)

    async def change(self, request: web.Request) -> web.Response:
        """`PATCH /v1/messages/{id}`."""
        body = await request.json()
        for message in self.messages:
            if message["id"] == request.match_info["id"]:
                message.update(text=body["text"], choices=body.get("choices", []))
                return web.json_response({"id": message["id"]})
        return web.json_response({"error": "no such message"}, status=404)

    async def withdraw(self, request: web.Request) -> web.Response:
        """`DELETE /v1/messages/{id}`: 204, also if it is gone already."""
        name = request.match_info["id"]
        self.messages = [message for message in self.messages if message["id"] != name]
        return web.Response(status=204)

    async def show_typing(self, request: web.Request) -> web.Response:
        """`POST /v1/typing`."""
        self.typing.append((await request.json())["chat"])
        return web.Response(status=204)

    async def file(self, request: web.Request) -> web.Response:
        """`GET /v1/files/{id}`."""
        return web.Response(body=self.files[request.match_info["id"]])

    def _fault(self, chat: str) -> Fault | None:
        for fault in self.faults:
            if fault.chat in {None, chat}:
                if fault.after:
                    fault.after -= 1
                    return None
                self.faults.remove(fault)
                return fault
        return None

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Everything wants the token."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": "who are you"}, status=401)
        return await handler(request)


def _refuse(fault: Fault | None) -> web.Response | None:
    match fault.kind if fault else None:
        case "rate_limit":
            assert fault is not None
            return web.Response(status=429, headers={"Retry-After": str(fault.seconds)})
        case "temporary":
            return web.Response(status=503)
        case "permanent":
            return web.Response(status=403)
        case _:
            return None


@asynccontextmanager
async def pager_server() -> AsyncGenerator[PagerServer]:
    """Serve on a free port until the end of the block."""
    server = PagerServer()
    app = web.Application(middlewares=[server.guard])
    app.router.add_get("/v1/events", server.stream)
    app.router.add_post("/v1/events/{n}/ack", server.ack)
    app.router.add_post("/v1/messages", server.send)
    app.router.add_patch("/v1/messages/{id}", server.change)
    app.router.add_delete("/v1/messages/{id}", server.withdraw)
    app.router.add_post("/v1/typing", server.show_typing)
    app.router.add_get("/v1/files/{id}", server.file)
    runner = web.AppRunner(app, shutdown_timeout=0.05, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.cut()
        await runner.cleanup()
