"""The one aiohttp application: widget, API, pages, health.

Above: the composition root fills `deps.ServerDeps`. Below: `web` (Socket.IO), `rest`, `pages`.
One middleware turns every fault into an RFC 9457 problem document; no traceback ever leaves.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiohttp import web

from channels.deps import ServerDeps
from channels.pages import add_pages
from channels.rates import Rates
from channels.rest.reading import MOST_BYTES
from channels.rest.routes import add_routes
from channels.settings import WebSettings
from channels.web.gateway import WidgetGateway
from core import telemetry
from core.errors import ConfigError, InputError, RateExceeded, SwitchboardError
from core.runtime import sleep_until

_log = structlog.get_logger("http")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_TITLES = {
    400: "Bad request", 401: "Unauthorized", 403: "Forbidden", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 413: "Too large", 415: "Unsupported media type",
    422: "Unprocessable", 429: "Too many requests", 500: "Internal error", 503: "Unavailable",
}  # fmt: skip
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STOP_SECONDS = 2.0


def build_app(deps: ServerDeps) -> web.Application:
    """The application with all routes."""
    app = web.Application(
        middlewares=[_problems, _origins(deps.settings), _limits(deps.settings)],
        client_max_size=MOST_BYTES,
    )
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
    trace = secrets.token_hex(8)
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = _refuse(error, trace)
    except Exception as error:  # noqa: BLE001 -- the edge of the process
        response = _explain(error, request.path, trace)
    if not response.prepared:
        response.headers.update({k: v for k, v in _SAFE.items() if k not in response.headers})
    return response


def _refuse(error: web.HTTPException, trace: str) -> web.Response:
    """What the server library itself refuses."""
    code = _CODES.get(error.status, "http_error")
    response = _problem(error.status, code, _TITLES.get(error.status, error.reason), trace)
    if allow := error.headers.get("Allow"):
        response.headers["Allow"] = allow
    return response


def _explain(error: Exception, path: str, trace: str) -> web.Response:
    """Our own errors, typed; anything else is a 500 whose reason only the log knows."""
    if isinstance(error, InputError):
        response = _problem(error.status, error.code, error.public_text or str(error), trace)
        if isinstance(error, RateExceeded):
            response.headers["Retry-After"] = str(max(1, round(error.retry_after_seconds)))
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if isinstance(error, SwitchboardError) and error.retryable:
        _log.warning("request_unavailable", path=path, trace=trace, error=str(error))
        text = error.public_text or "the gateway cannot take it now: try again"
        response = _problem(503, error.code, text, trace)
        response.headers["Retry-After"] = "1"
        return response
    _log.error("request_failed", path=path, trace=trace, exc_info=error)
    return _problem(500, "internal", "something went wrong", trace)


def _problem(status: int, code: str, detail: str, trace: str) -> web.Response:
    body = {
        "type": f"urn:switchboard:problem:{code}", "title": _TITLES.get(status, "Error"),
        "status": status, "code": code, "detail": detail, "trace": trace,
    }  # fmt: skip
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json"
    )


def _origins(settings: WebSettings) -> Any:
    """Browsers of foreign sites are let in only if they are on the list."""
    allowed = settings.origins

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is None or not request.path.startswith(("/socket.io", "/api/")):
            return await handler(request)
        own = origin.rstrip("/") in {f"http://{request.host}", f"https://{request.host}"}
        if not own and "*" not in allowed and origin.rstrip("/") not in allowed:
            return _problem(403, "foreign_origin", "this site may not embed the widget", "")
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return web.Response(status=204, headers=_cors(origin))
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_cors(origin))
        return response

    return check


def _cors(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin, "Vary": "Origin", "Access-Control-Max-Age": "600",
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key,"
        " Last-Event-ID",
    }  # fmt: skip


def _limits(settings: WebSettings) -> Any:
    """So many requests a second for one token or network address."""
    rates = Rates(settings.messages_per_second)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/api/v1") and not request.path.endswith(("/health", "/ready")):
            rates.take(request.headers.get("Authorization") or request.remote or "")
        return await handler(request)

    return check


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
