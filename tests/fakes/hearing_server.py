"""The audio endpoint of an OpenAI-compatible server on loopback; fails when told to.

Above: tests of voice notes. Below: aiohttp. It checks what arrives as the vendor's server does: a
multipart form with `file` (whose name says its format) and `model`; and keeps what it was sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import BodyPartReader, web

Fault = Literal["400", "404", "429", "500", "garbage", "empty", "silent", "cut"]
_FORMATS = {"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"}


@dataclass
class HearingServer:
    """`text` is what it hears; `faults` are used up one a call."""

    text: str = "How do I reset my password?"
    faults: deque[Fault] = field(default_factory=deque[Fault])
    heard: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    models: list[str] = field(default_factory=list[str])
    url: str = ""

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/audio/transcriptions`."""
        form: dict[str, bytes] = {}
        name = ""
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            form[part.name or ""] = bytes(await part.read())
            name = part.filename or name
        if "model" not in form or name.rpartition(".")[2] not in _FORMATS:
            return _error(400, "Unrecognized file format.")
        self.heard.append((name, form["file"]))
        self.models.append(form["model"].decode())
        fault = self.faults.popleft() if self.faults else None
        if fault in {"400", "404", "429", "500"}:
            return _error(int(fault), "scripted")
        if fault == "garbage":
            return web.Response(text="<html>", content_type="text/html")
        if fault == "empty":
            return web.json_response({"text": "  "})
        if fault == "silent":
            await asyncio.sleep(30)
        if fault == "cut" and request.transport is not None:
            request.transport.close()
        return web.json_response({"text": self.text})


@asynccontextmanager
async def hearing_server() -> AsyncGenerator[HearingServer]:
    """Listens until the end of the block."""
    server = HearingServer()
    app = web.Application(client_max_size=30_000_000)
    app.router.add_post("/v1/audio/transcriptions", server.transcribe)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)
