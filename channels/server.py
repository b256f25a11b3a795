"""The one aiohttp application: widget, API, pages, health.

Above: the composition root fills `deps.ServerDeps`. Below: `web` (Socket.IO), `rest`, `pages`,
`problems`, `origins`. One middleware turns every fault into a problem document; no traceback ever
leaves.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from typing import Any

from aiohttp import web

from channels.auth import load_signing
from channels.callers import Callers
from channels.deps import ServerDeps
from channels.guesses import Guesses
from channels.origins import Handler, Origins
from channels.pages import add_pages
from channels.problems import explain, refuse
from channels.rest.admission import STANDING
from channels.rest.reading import MOST_BYTES
from channels.rest.routes import add_routes
from channels.unreadable import MOST_LINE_BYTES, Runner
from channels.web.desk import DeskGateway
from channels.web.gateway import WidgetGateway
from channels.web.guard import GuardedServer
from core import observing, telemetry
from core.bus.limits import StoredLimits
from core.bus.proofs import StoredProofs
from core.errors import ConfigError
from core.runtime import sleep_until

_TRACE = web.RequestKey("trace", str)

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STOP_SECONDS = 2.0
# What is not needed to be ready is loaded so long after it.
_SETTLED_SECONDS = 1.0


def build_app(deps: ServerDeps) -> web.Application:
    """The application with all routes."""
    origins = Origins(deps.settings.origins)
    middlewares = [_timed, _problems, origins.middleware()]
    app = web.Application(middlewares=middlewares, client_max_size=MOST_BYTES)
    app.on_response_prepare.append(origins.write)
    app.on_response_prepare.append(_write_headers)
    add_routes(app, deps)
    add_pages(app, deps.widget_dir)
    for door, publish in deps.doors:
        door.add_routes(app, publish)
    if deps.mcp is not None:
        limits = StoredLimits(deps.bus.calls, shards=deps.bus.settings.shards)
        callers, most = Callers(deps.settings.proxies), deps.settings.refused_per_minute
        deps.mcp.add_to(app, Guesses(limits, callers, per_minute=most))
    gateway = WidgetGateway(
        log=deps.bus.log,
        live=deps.bus.live,
        tokens=deps.tokens,
        settings=deps.settings,
        files=deps.files,
        unseen=deps.bus.unseen,
        links=deps.tokens_of_links,
        proofs=StoredProofs(deps.bus.calls),
        floods=deps.floods,
    )
    desk = DeskGateway(
        log=deps.bus.log, live=deps.bus.live, tokens=deps.tokens, settings=deps.settings,
        files=deps.files, bridge=deps.bridge,
    )  # fmt: skip
    server: Any = GuardedServer(
        gateway, desk, sockets_per_address=deps.settings.sockets_per_address,
        callers=Callers(deps.settings.proxies),
    )  # fmt: skip
    server.attach(app, socketio_path="socket.io")
    return app


@web.middleware
async def _timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """How long each route takes, by its pattern: addresses themselves have no end."""
    began = time.perf_counter()
    response = await handler(request)
    if isinstance(response, web.Response):  # streams and sockets last as long as somebody listens
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        method = request.method if request.method in _METHODS else "other"
        kind = f"{response.status // 100}xx"
        observing.HTTP_SECONDS.labels(method, observing.bounded("route", route), kind).observe(
            time.perf_counter() - began
        )
    return response


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every fault as a problem document, with an id that the log has too."""
    trace = request[_TRACE] = secrets.token_hex(8)
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return refuse(error, trace)
    except Exception as error:  # noqa: BLE001 -- the edge of the process
        return explain(error, request.path, trace)


async def _write_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, streams and refusals included."""
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
    if _TRACE in request:
        response.headers["X-Request-Id"] = request[_TRACE]
    if STANDING in request:
        now = request[STANDING]
        response.headers["RateLimit-Policy"] = f'"requests";q={now.quota};w={now.window}'
        response.headers["RateLimit"] = f'"requests";r={now.left};t={now.reset}'


class ServerService:
    """Service: listens until stopped, then lets open requests finish."""

    name = "server"

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        self._app = app
        self._socket = _listen(host, port)
        self._host = host

    @property
    def url(self) -> str:
        """Where it is reached."""
        host, port = self._socket.getsockname()[:2]
        host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 -- read, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        # Nobody needs packed requests, and unpacking them is how bombs work.
        runner = Runner(
            self._app, access_log=None, shutdown_timeout=_STOP_SECONDS, auto_decompress=False,
            max_line_size=MOST_LINE_BYTES,
        )  # fmt: skip
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket, backlog=1024).start()
            ready.set()
            if not await sleep_until(stop, _SETTLED_SECONDS):
                await asyncio.to_thread(load_signing)
            while not await sleep_until(stop, 3600):
                pass
        finally:
            await runner.cleanup()
            telemetry.SOCKETS.set(0)


def _listen(host: str, port: int) -> socket.socket:
    """Bound at once, so that a taken port is known before anything else starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another with --port"
        ) from error
    listener.setblocking(False)
    return listener
