"""Which browsers may speak with the gateway: its own pages, and the sites on the list.

Above: `channels.server`. Below: aiohttp. Programs that are no browser send no `Origin` and are
judged by their token alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from core.errors import Forbidden

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger("http")
_MOST_TOLD, _LONGEST = 100, 200
_GUARDED = ("/socket.io", "/api/")
_METHODS = "GET, POST, PUT, PATCH, DELETE"
_HEADERS = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
_SHOWN = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed"


class ForeignOrigin(Forbidden):
    """A page of a site that is not on the list."""

    code = "foreign_origin"


class Origins:
    """The list, as a middleware that refuses and a signal that writes the CORS headers."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._told = set[str]()

    def middleware(self) -> Any:
        """Refuses foreign pages and answers preflights."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            if origin is None or not request.path.startswith(_GUARDED):
                return await handler(request)
            if not self._admits(request, origin):
                self._tell(origin)
                raise ForeignOrigin("this site may not embed the widget")
            if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                return web.Response(status=204)
            return await handler(request)

        return check

    async def write(self, request: web.Request, response: web.StreamResponse) -> None:
        """Tell an admitted page that it may read the answer, a problem or a stream too."""
        origin = request.headers.get("Origin")
        if origin is None or not request.path.startswith(_GUARDED):
            return
        response.headers["Vary"] = "Origin"
        if self._admits(request, origin):
            response.headers.update({
                "Access-Control-Allow-Origin": origin, "Access-Control-Max-Age": "600",
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _HEADERS, "Access-Control-Expose-Headers": _SHOWN,
            })  # fmt: skip

    def _tell(self, origin: str) -> None:
        """The page only sees that there is no connection; whoever runs the gateway can mend it."""
        if origin not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(origin)
            _log.warning(
                "origin_refused", origin=origin[:_LONGEST],
                mend="if the site is yours, add its origin to WIDGET_ALLOWED_ORIGINS",
            )  # fmt: skip

    def _admits(self, request: web.Request, origin: str) -> bool:
        bare = origin.rstrip("/")
        if bare in {f"http://{request.host}", f"https://{request.host}"}:
            return True
        return bare in self._allowed or ("*" in self._allowed and bare != "null")
