"""A chat-completions server on loopback whose answers a test decides, request by request."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

# A turn has 30 s in all (`engine.turn_seconds`); this much of it the last piece may take.
HELD_SECONDS = 15.0


@dataclass(frozen=True)
class Served:
    """One answer: an error, or pieces of text with a pause before each, then calls. With `raw` the
    events are these; `whole` sends the one as a JSON body; `stays` leaves the stream open. The last
    piece waits for `may_end`; meanwhile empty ones come, as a silent stream would be given up."""

    pieces: tuple[str, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    error: str = "scripted"
    finish: str | None = "stop"
    refusal: str | None = None
    pause: float = 0.0
    usage: tuple[int, int] | None = (11, 7)
    cut_after: int | None = None
    raw: tuple[dict[str, Any], ...] = ()
    whole: bool = False
    stays: bool = False
    may_end: Callable[[ChatServer], bool] | None = None


Respond = Callable[[dict[str, Any]], Served]


@dataclass
class ChatServer:
    """`requests` are the bodies in the order of their arrival."""

    respond: Respond
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    open_now: int = 0
    most_open: int = 0

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`."""
        body: dict[str, Any] = await request.json()
        self.requests.append(body)
        served = self.respond(body)
        if served.status != 200:
            error = {"error": {"message": served.error}}
            return web.json_response(error, status=served.status, headers=served.headers)
        if served.whole:
            return web.json_response(served.raw[0])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await response.prepare(request)
            for number, event in enumerate(_events(served)):
                if number == served.cut_after:
                    assert request.transport is not None
                    request.transport.close()
                    return response
                if served.pause:
                    await asyncio.sleep(served.pause)
                if number == len(served.pieces) - 1:
                    await self._hold(served, response)
                await response.write(event)
            if served.stays:
                await asyncio.sleep(3600)
        except ConnectionError:
            pass
        finally:
            self.open_now -= 1
        return response

    async def _hold(self, served: Served, response: web.StreamResponse) -> None:
        end = time.monotonic() + HELD_SECONDS
        while served.may_end and not served.may_end(self) and time.monotonic() < end:
            await response.write(_event({"content": ""}))
            await asyncio.sleep(served.pause)


def _events(served: Served) -> list[bytes]:
    if served.raw:
        return [*(_line(event) for event in served.raw), b"data: [DONE]\n\n"]
    events = [_event({"content": piece}) for piece in served.pieces]
    if served.refusal is not None:
        events.append(_event({"refusal": served.refusal}))
    for index, (name, arguments) in enumerate(served.calls):
        head = {"index": index, "id": f"c{index}", "type": "function",
                "function": {"name": name, "arguments": ""}}  # fmt: skip
        half = len(arguments) // 2
        parts = ({"index": index, "function": {"arguments": part}}
                 for part in (arguments[:half], arguments[half:]))  # fmt: skip
        events += [_event({"tool_calls": [part]}) for part in (head, *parts)]
    if served.finish is not None:
        events.append(_event({}, finish="tool_calls" if served.calls else served.finish))
    if served.usage is not None:
        events.append(_usage(*served.usage))
    return [*events, b"data: [DONE]\n\n"]


def _event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _line({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _usage(read: int, wrote: int) -> bytes:
    usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
    return _line({"choices": [], "usage": usage})


def _line(shape: dict[str, Any]) -> bytes:
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **shape}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


@asynccontextmanager
async def chat_server(respond: Respond) -> AsyncGenerator[ChatServer]:
    """Serve on a free port until the end of the block."""
    server = ChatServer(respond)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
