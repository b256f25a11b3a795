"""What every request passes before its handler: token, rate, and the Idempotency-Key of a POST.

Above: `routes`. Below: `channels.auth`, `callers`, `rates`, `core.bus.answers`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import blake2s
from typing import TYPE_CHECKING

from aiohttp import web

from channels.auth import Principal, Tokens
from channels.callers import Callers
from channels.rates import Rates
from channels.rest.conversations import PRINCIPAL
from channels.rest.reading import read_body
from core.bus.answers import Answers, Earlier
from core.errors import Conflict, InputError

if TYPE_CHECKING:
    from channels.rest.routes import Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_KEY = 255
# What watches over the process asks often, and from the same machine needs no token.
_PROBED = ("/health", "/ready")
_LOCAL = ("/metrics", "/detailed")
_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_FORWARDED = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}


class Unprocessable(InputError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


class Admission:
    """The guard in front of every route."""

    def __init__(self, tokens: Tokens, answers: Answers, rates: Rates, callers: Callers) -> None:
        self._tokens = tokens
        self._answers = answers
        self._rates = rates
        self._callers = callers

    def guard(self, route: Route) -> Handler:
        """The route's handler, behind the guard."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                request[PRINCIPAL] = self._admit(route, request)
            except InputError:
                self._rates.take(self._callers.address(request))  # guessing tokens is slow
                raise
            # A token that was found good stands for its owner, else the network address does.
            caller = request.headers.get("Authorization") or self._callers.address(request)
            if not route.path.endswith(_PROBED):
                self._rates.take(caller)
            key = request.headers.get("Idempotency-Key")
            if key is None or request.method != "POST":
                return await route.handler(request)
            return await self._once(route, request, key, caller)

        return handle

    def _admit(self, route: Route, request: web.Request) -> Principal:
        """Who asks. Raises `Unauthorized` or `Forbidden`."""
        header = request.headers.get("Authorization")
        if route.audience == "anyone":
            return self._tokens.read_header(header) if header else Principal("customer")
        if header is None and route.path.endswith(_LOCAL) and _is_local(request):
            return Principal("desk")
        principal = self._tokens.read_header(header)
        if route.audience == "desk":
            principal.require_desk()
        elif route.audience == "admin":
            principal.require_admin()
        return principal

    async def _once(
        self, route: Route, request: web.Request, key: str, caller: str
    ) -> web.StreamResponse:
        """Under a key a request happens once; its repeat gets the same answer."""
        if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
            raise InputError(f"Idempotency-Key must have 1 to {_LONGEST_KEY} printable characters")
        scope = f"{caller}\0{request.path_qs}"
        digest = blake2s(await read_body(request)).hexdigest()
        earlier = await self._answers.begin(scope, key, digest)
        if earlier is not None:
            return _repeat(earlier)
        try:
            response = await route.handler(request)
        except BaseException:
            await self._answers.forget(scope, key)
            raise
        body = response.body if isinstance(response, web.Response) else None
        kept = body if isinstance(body, bytes) else b""
        await self._answers.finish(scope, key, digest, response.status, kept)
        return response


def _repeat(earlier: Earlier) -> web.Response:
    if earlier.state == "other":
        raise Unprocessable("this Idempotency-Key was used with another body")
    if earlier.state == "open":
        raise Conflict("a request with this Idempotency-Key is under way", code="in_progress")
    return web.Response(
        status=earlier.status, body=earlier.body, content_type="application/json",
        headers={"Idempotent-Replayed": "true"},
    )  # fmt: skip


def _is_local(request: web.Request) -> bool:
    """Asked on this machine and by its local name: not through a proxy, and not by a page whose
    host name was made to point here."""
    return (
        request.remote in {"127.0.0.1", "::1"}
        and _LOCAL_HOST.fullmatch(request.host) is not None
        and not any(name in request.headers for name in _FORWARDED)
    )
