"""An OpenAI-compatible server on loopback that is slow on purpose, and fails when told to.

Above: chaos tests. Below: aiohttp. It streams an answer that repeats the reference in the
customer's last words, so whoever reads the answer knows which question it belongs to.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Fault = Literal["500", "429", "cut", "silent"]
REFERENCE = re.compile(r"ref[A-Z]+")
ANSWER = "Thank you for asking about {reference}. Open Settings, choose Security, then Reset."


@dataclass
class Call:
    """One completion: for which question, from which port, and how it went."""

    reference: str
    port: int
    state: Literal["open", "done", "broken", "failed"] = "open"


@dataclass
class LlmServer:
    """`pause_seconds` before each of the pieces; `faults` are used up one a call."""

    pause_seconds: float = 0.1
    faults: deque[Fault] = field(default_factory=deque[Fault])
    calls: list[Call] = field(default_factory=list[Call])
    url: str = ""

    def open_calls(self) -> list[Call]:
        """Those that are streaming now."""
        return [call for call in self.calls if call.state == "open"]

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`."""
        asked: Any = await request.json()
        assert request.transport is not None
        call = Call(_reference(asked), request.transport.get_extra_info("peername")[1])
        self.calls.append(call)
        fault = self.faults.popleft() if self.faults else None
        if fault in {"500", "429"}:
            call.state = "failed"
            return web.json_response({"error": {"message": "scripted"}}, status=int(fault))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            await self._stream(response, call, fault)
        except ConnectionError:  # the worker is gone
            call.state = "broken"
        return response

    async def _stream(self, response: web.StreamResponse, call: Call, fault: Fault | None) -> None:
        if fault == "silent":
            await asyncio.sleep(3600)
        words = ANSWER.format(reference=call.reference).split(" ")
        for number, word in enumerate(words):
            await asyncio.sleep(self.pause_seconds)
            await response.write(_event({"content": word + " " * (number < len(words) - 1)}))
            if fault == "cut" and number == 3:
                call.state = "failed"
                return
        await response.write(_event({}, finish="stop"))
        await response.write(b"data: [DONE]\n\n")
        call.state = "done"


def _reference(asked: dict[str, Any]) -> str:
    """The newest reference in the newest words of the customer."""
    for message in reversed(asked["messages"]):
        if message["role"] == "user" and (found := REFERENCE.findall(str(message["content"]))):
            return found[-1]
    return "nothing"


def _event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    shape = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "slow",
        "choices": [choice],
    }  # fmt: skip
    return b"data: " + json.dumps(shape).encode() + b"\n\n"


@asynccontextmanager
async def llm_server(*, pause_seconds: float = 0.1) -> AsyncGenerator[LlmServer]:
    """Serve on a free port until the end of the block."""
    server = LlmServer(pause_seconds=pause_seconds)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
