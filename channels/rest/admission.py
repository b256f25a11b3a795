"""What every request passes before its handler: token, rate, query, and a POST's Idempotency-Key.

Above: `routes`. Below: `channels.auth`, `callers`, `rates`, `queries`, `core.bus`.

A caller is the token that was found good, else the network address. Each process counts callers for
itself; how often an address shows tokens that are no good is counted by all processes together.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import blake2s
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from channels.auth import Principal, Tokens
from channels.callers import Callers
from channels.guesses import Guesses
from channels.rates import Rates, Standing
from channels.rest.conversations import PRINCIPAL
from channels.rest.files import UPLOADED, sum_of_upload
from channels.rest.queries import area_of, check_parts, check_query
from channels.rest.reading import bind_cursors, read_body
from core.bus.answers import Answers, Earlier
from core.errors import Conflict, InputError, Unauthorized
from core.limits import Limits

if TYPE_CHECKING:
    from channels.rest.table import Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STANDING = web.RequestKey("standing", Standing)

_LONGEST_KEY = 255
# Stands for the content of a file until it was read.
_FILE = "file"
_KEY = re.compile(rf"[ -~]{{1,{_LONGEST_KEY}}}")
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

    def __init__(
        self, tokens: Tokens, answers: Answers, rates: Rates, callers: Callers, *,
        limits: Limits, refused_per_minute: int, largest_file: int = 0,
    ) -> None:  # fmt: skip
        self._tokens = tokens
        self._answers = answers
        self._rates = rates
        self._callers = callers
        self._largest_file = largest_file
        self._guesses = Guesses(limits, callers, per_minute=refused_per_minute)

    def guard(self, route: Route) -> Handler:
        """The route's handler, behind the guard."""

        async def handle(request: web.Request) -> web.StreamResponse:
            caller = await self._enter(route, request)
            check_parts(request)
            check_query(request, route.query)
            bind_cursors(self._tokens.seal, request.path)
            key = request.headers.get("Idempotency-Key")
            if key is None or request.method != "POST":
                return await route.handler(request)
            if not _KEY.fullmatch(key):
                raise InputError(
                    f"Idempotency-Key must have 1 to {_LONGEST_KEY} printable ASCII characters"
                )
            once = self._upload_once if route.takes_file else self._once
            return await once(route, request, key, f"{caller}\0{request.path_qs}")

        return handle

    async def _enter(self, route: Route, request: web.Request) -> str:
        """Who asks, by the name they are counted under. Raises `InputError` and its kinds."""
        address = self._callers.address(request)
        try:
            principal = request[PRINCIPAL] = self._admit(route, request)
        except Unauthorized:
            self._count(request, address)
            await self._guesses.count(request)
            raise
        caller = _name(principal) if "Authorization" in request.headers else address
        if not route.path.endswith(_PROBED):
            self._count(request, caller)
        _check_scope(route, principal)
        return caller

    def _count(self, request: web.Request, caller: str) -> None:
        bucket = self._rates.of(caller)
        try:
            bucket.take()
        finally:
            request[STANDING] = bucket.standing()

    def _admit(self, route: Route, request: web.Request) -> Principal:
        """Who asks. Raises `Unauthorized`."""
        header = request.headers.get("Authorization")
        if route.audience == "anyone":
            return self._tokens.read_header(header) if header else Principal("customer")
        if header is None and route.path.endswith(_LOCAL) and _is_local(request):
            return Principal("desk")
        return self._tokens.read_header(header)

    async def _once(
        self, route: Route, request: web.Request, key: str, scope: str
    ) -> web.StreamResponse:
        """Under a key a request happens once; its repeat gets the same answer."""
        digest = blake2s(await read_body(request)).hexdigest()
        earlier = await self._answers.begin(scope, key, digest)
        if earlier is not None:
            return _repeat(earlier)
        response = await self._try(route, request, key, scope)
        kept = _without(_body(response), route.shown_once)
        await self._answers.finish(scope, key, digest, response.status, kept)
        return response

    async def _upload_once(
        self, route: Route, request: web.Request, key: str, scope: str
    ) -> web.StreamResponse:
        """The same for a file: what it held is known only once it was read."""
        earlier = await self._answers.begin(scope, key, _FILE)
        if earlier is None:
            response = await self._try(route, request, key, scope)
            kept = orjson.dumps([request[UPLOADED], _body(response).decode()])
            await self._answers.finish(scope, key, _FILE, response.status, kept)
            return response
        if earlier.state != "done":
            return _repeat(earlier)
        held, answer = orjson.loads(earlier.body)
        if await sum_of_upload(request, self._largest_file) != held:
            return _repeat(replace(earlier, state="other"))
        return _repeat(replace(earlier, body=answer.encode()))

    async def _try(
        self, route: Route, request: web.Request, key: str, scope: str
    ) -> web.StreamResponse:
        try:
            return await route.handler(request)
        except BaseException:
            await self._answers.forget(scope, key)
            raise


def _check_scope(route: Route, principal: Principal) -> None:
    """Raises `Forbidden`."""
    if route.audience == "desk":
        principal.require_desk()
    elif route.audience == "admin":
        principal.require_admin()
    if route.audience != "anyone" or principal.token:
        principal.require_right(area_of(route.path), write=route.method != "GET")


def _name(principal: Principal) -> str:
    """One token is one caller, however its header is written."""
    return f"token:{principal.token or principal.conversation or principal.scope}"


def _body(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _without(body: bytes, names: tuple[str, ...]) -> bytes:
    """The answer to a repeat: what is shown once is not kept."""
    return orjson.dumps(orjson.loads(body) | dict.fromkeys(names)) if names and body else body


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
