"""An ASGI application as a handler of aiohttp: one request, its body, the answer as it comes.

Above: `door`. Below: aiohttp. `receive` gives the body once and then waits until the answer is
written or the client has gone: one that returned at once would make watchers of the line spin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


async def serve_asgi(app: AsgiApp, request: web.Request, body: bytes) -> web.StreamResponse:
    """Hand the request over; the caller has checked who asks, and read the body."""
    exchange = _Exchange(request, body)
    try:
        await app(_scope(request), exchange.receive, exchange.send)
    finally:
        exchange.done.set()
    if exchange.response is None:
        raise web.HTTPInternalServerError
    return exchange.response


class _Exchange:
    def __init__(self, request: web.Request, body: bytes) -> None:
        self._request = request
        self._body: bytes | None = body
        self.done = asyncio.Event()
        self.response: web.StreamResponse | None = None

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        try:
            await self._pass_on(message)
        except ConnectionResetError:  # who asked has gone: nobody to tell, and nothing wrong here
            self.done.set()

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.response = web.StreamResponse(status=message["status"])
            for name, value in message.get("headers", ()):
                self.response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            await self.response.prepare(self._request)
        elif message["type"] == "http.response.body" and self.response is not None:
            if body := message.get("body", b""):
                await self.response.write(body)
            if not message.get("more_body", False):
                await self.response.write_eof()
                self.done.set()


def _scope(request: web.Request) -> dict[str, Any]:
    host, _, port = (request.host or "").rpartition(":")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": (request.remote or "", 0),
        "server": (host, int(port)) if port.isdigit() else (request.host, None),
        "state": {},
    }
