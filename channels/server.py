"""The one aiohttp application: widget, API, pages, health.

Above: the composition root fills `deps.ServerDeps`. Below: `web` (Socket.IO), `rest`, `pages`,
`problems`, `origins`. One middleware turns every fault into a problem document; no traceback ever
leaves.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any

from aiohttp import web

from channels.deps import ServerDeps
from channels.origins import Handler, Origins
from channels.pages import add_pages
from channels.problems import explain, refuse
from channels.rest.reading import MOST_BYTES
from channels.rest.routes import add_routes
from channels.web.gateway import WidgetGateway
from core import telemetry
from core.errors import ConfigError
from core.runtime import sleep_until

_TRACE = web.RequestKey("trace", str)

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STOP_SECONDS = 2.0


def build_app(deps: ServerDeps) -> web.Application:
    """The application with all routes."""
    origins = Origins(deps.settings.origins)
    app = web.Application(middlewares=[_problems, origins.middleware()], client_max_size=MOST_BYTES)
    app.on_response_prepare.append(origins.write)
    app.on_response_prepare.append(_write_headers)
    add_routes(app, deps)
    add_pages(app, deps.widget_dir)
    gateway = WidgetGateway(
        log=deps.bus.log, live=deps.bus.live, tokens=deps.tokens, settings=deps.settings
    )
    server: Any = gateway.server
    server.attach(app, socketio_path="socket.io")
    return app


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
        runner = web.AppRunner(
            self._app, access_log=None, shutdown_timeout=_STOP_SECONDS, auto_decompress=False
        )
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket, backlog=1024).start()
            ready.set()
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
