"""`/mcp`: the MCP server over streamable HTTP, behind the gateway's own tokens.

Above: `channels.server` mounts it. Below: `bridge`, `server`, the SDK's session manager. Stateless:
every request stands alone and shows its token, so there is no session that another could take. The
SDK is loaded with the first request (it takes longer than all the rest of a start), off the loop.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from channels.auth import Tokens
from channels.guesses import Guesses
from channels.mcp.bridge import serve_asgi
from channels.mcp.settings import McpSettings
from core.errors import TooLarge, Unauthorized
from core.runtime import end_tasks, spawn

PATH = "/mcp"
MOST_BYTES = 4_194_304
# There are no sessions to run out of; what is served at the same time has an end.
MOST_AT_ONCE = 100


class McpDoor:
    """The route, and the life of what serves it. `api` is an `api.Api` to this gateway."""

    def __init__(self, api: Any, tokens: Tokens, settings: McpSettings, *, version: str) -> None:
        self._api = api
        self._tokens = tokens
        self._settings = settings
        self._version = version
        self._app: Any = None
        self._served = 0
        self._guesses: Guesses | None = None
        self._opening = asyncio.Lock()
        self._holder: asyncio.Task[None] | None = None

    def add_to(self, app: web.Application, guesses: Guesses) -> None:
        """Mount it; bad tokens are counted by `guesses`."""
        self._guesses = guesses
        app.router.add_route("*", PATH, self._serve)
        app.on_cleanup.append(self._close)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            principal = self._tokens.read_header(request.headers.get("Authorization"))
        except Unauthorized:
            if self._guesses is not None:
                await self._guesses.count(request)
            raise
        principal.require_desk()
        if request.method != "POST":  # without sessions there is no stream to open and none to end
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        if self._served >= MOST_AT_ONCE:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        self._served += 1
        try:
            body = await _read(request)
            return await serve_asgi(await self._open(), request, body)
        finally:
            self._served -= 1

    async def _open(self) -> Any:
        async with self._opening:
            if self._app is None:
                app = await asyncio.to_thread(self._build)
                opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._holder = spawn(_hold(app, opened), name="mcp")
                await opened
                self._app = app
        return self._app

    def _build(self) -> Any:
        from mcp.server.transport_security import TransportSecuritySettings

        from channels.mcp.server import build_mcp_server

        security = TransportSecuritySettings(
            allowed_hosts=self._settings.allowed_hosts,
            allowed_origins=self._settings.allowed_origins,
        )
        return build_mcp_server(self._api, _token_of, version=self._version).streamable_http_app(
            streamable_http_path=PATH, json_response=True, stateless_http=True,
            transport_security=security, max_request_body_size=MOST_BYTES,
        )  # fmt: skip

    async def _close(self, app: web.Application) -> None:
        if self._holder is not None:
            await end_tasks(self._holder)


async def _read(request: web.Request) -> bytes:
    """The body, whether its length was told or not."""
    too_large = TooLarge(f"a body may have {MOST_BYTES} bytes at most")
    if (request.content_length or 0) > MOST_BYTES:
        raise too_large
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            raise too_large
    return bytes(body)


async def _hold(app: Any, opened: asyncio.Future[None]) -> None:
    """Its life must end in the task that it began in."""
    try:
        async with app.router.lifespan_context(app):
            opened.set_result(None)
            await asyncio.Event().wait()
    except Exception as error:
        if not opened.done():
            opened.set_exception(error)
            return
        raise


def _token_of(ctx: Any) -> str | None:
    """The caller's token, from the request that the SDK hands through."""
    header: str = ctx.request_context.request.headers.get("authorization", "")
    return header.partition(" ")[2].strip() or None
