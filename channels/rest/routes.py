"""The table of REST routes: path, handler, who may, and what OpenAPI says of it.

Above: `channels.server`, `openapi`. Below: the handlers. Each route passes one guard: token first,
then the caller's rate, then the Idempotency-Key of a POST.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2s
from typing import Literal

import orjson
from aiohttp import web
from pydantic import BaseModel

from channels.auth import Principal
from channels.callers import Callers
from channels.deps import ServerDeps
from channels.openapi import describe
from channels.rates import Rates
from channels.rest.conversations import PRINCIPAL, Conversations
from channels.rest.events import Events
from channels.rest.models import (
    Act,
    NewConversation,
    NewDocument,
    NewMessage,
    TriageRequest,
    Words,
)
from channels.rest.system import System
from core.errors import Conflict, InputError

API = "/api/v1"
_LONGEST_KEY = 255
# What watches over the process asks often, and from the same machine needs no token.
_PROBED = ("/health", "/ready")
_LOCAL = ("/metrics", "/detailed")
_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_FORWARDED = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Audience = Literal["anyone", "customer", "desk", "admin"]


@dataclass(frozen=True)
class Route:
    """One line of the table. `customer` means: that conversation's customer, or staff."""

    method: str
    path: str
    handler: Handler
    audience: Audience
    summary: str
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    answers: int = 200


class Unprocessable(InputError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


def list_routes(deps: ServerDeps) -> list[Route]:
    """All routes of the API."""
    talk, system, events = Conversations(deps), System(deps), Events(deps)
    return [
        *_about_conversations(talk, events, system),
        *_about_work(system),
        *_about_health(system),
    ]


_LIST = ("status", "owner", "channel", "specialist", "q", "cursor", "limit")


def _about_conversations(talk: Conversations, events: Events, system: System) -> list[Route]:
    every = f"{API}/conversations"
    one = f"{every}/{{id}}"
    return [
        Route("POST", every, talk.create, "anyone", "Open a new one", NewConversation, (), 201),
        Route("GET", every, system.list_conversations, "desk", "List and search", None, _LIST),
        Route("GET", one, talk.show, "customer", "The state of a conversation"),
        Route(
            "POST", f"{one}/messages", talk.say, "customer",
            "Say something; with ?wait=SECONDS get the answer too", NewMessage, ("wait",), 202,
        ),
        Route(
            "GET", f"{one}/entries", talk.entries, "customer", "Entries after a sequence", None,
            ("after", "limit"),
        ),
        Route(
            "GET", f"{one}/events", events.stream, "customer",
            "The conversation as server-sent events", None, ("after",),
        ),
        Route("GET", f"{one}/turns/{{seq}}", talk.receipt, "customer", "How an answer came about"),
        Route("POST", f"{one}/close", talk.close, "customer", "End the conversation", Act),
        Route("POST", f"{one}/take", talk.take, "desk", "A person takes over", Act),
        Route("POST", f"{one}/release", talk.release, "desk", "Back to the AI", Act),
        Route("POST", f"{one}/replies", talk.reply, "desk", "A person answers", Words, (), 202),
        Route("POST", f"{one}/notes", talk.note, "desk", "An internal note", Words, (), 202),
    ]  # fmt: skip


def _about_work(system: System) -> list[Route]:
    documents = f"{API}/knowledge/documents"
    return [
        Route("POST", f"{API}/triage", system.triage, "desk", "Judge a text", TriageRequest),
        Route(
            "GET", f"{API}/knowledge/search", system.search, "desk", "Search the knowledge base",
            None, ("q", "k", "category", "language"),
        ),
        Route(
            "GET", documents, system.documents, "desk", "All documents", None, ("cursor", "limit")
        ),
        Route("POST", documents, system.add_document, "admin", "Add one", NewDocument, (), 201),
        Route(
            "DELETE", f"{documents}/{{document}}", system.remove_document, "admin",
            "Remove a document", None, (), 204,
        ),
        Route("GET", f"{API}/specialists", system.specialists, "desk", "Who answers here"),
    ]  # fmt: skip


def _about_health(system: System) -> list[Route]:
    """At the root for machines that look there, and in the API."""
    return [
        route
        for at in ("", API)
        for route in (
            Route("GET", f"{at}/health", system.live, "anyone", "The process answers"),
            Route("GET", f"{at}/health/ready", system.ready, "anyone", "Messages can come in"),
            Route("GET", f"{at}/health/detailed", system.detailed, "desk", "Every component"),
            Route("GET", f"{at}/metrics", system.metrics, "desk", "Prometheus metrics"),
        )
    ]


def add_routes(app: web.Application, deps: ServerDeps) -> None:
    """Put the table into the application, each route behind its guard, and its description."""
    routes, settings = list_routes(deps), deps.settings
    rates, callers = Rates(settings.messages_per_second), Callers(settings.proxies)
    for route in routes:
        app.router.add_route(route.method, route.path, _guard(route, deps, rates, callers))
    description = orjson.dumps(describe(routes, version=deps.version))

    async def openapi(request: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    app.router.add_get("/api/openapi.json", openapi)


def _guard(route: Route, deps: ServerDeps, rates: Rates, callers: Callers) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            request[PRINCIPAL] = _admit(route, deps, request)
        except InputError:
            rates.take(callers.address(request))  # who guesses tokens is slowed down
            raise
        # A token that was found good stands for its owner, else the network address does.
        caller = request.headers.get("Authorization") or callers.address(request)
        if not route.path.endswith(_PROBED):
            rates.take(caller)
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST":
            return await route.handler(request)
        return await _once(route, deps, request, key, caller)

    return handle


def _admit(route: Route, deps: ServerDeps, request: web.Request) -> Principal:
    """Who asks. Raises `Unauthorized` or `Forbidden`."""
    header = request.headers.get("Authorization")
    if route.audience == "anyone":
        return deps.tokens.read_header(header) if header else Principal("customer")
    if header is None and route.path.endswith(_LOCAL) and _is_local(request):
        return Principal("desk")
    principal = deps.tokens.read_header(header)
    if route.audience == "desk":
        principal.require_desk()
    elif route.audience == "admin":
        principal.require_admin()
    return principal


def _is_local(request: web.Request) -> bool:
    """Asked on this machine and by its local name: not through a proxy, and not by a page whose
    host name was made to point here."""
    return (
        request.remote in {"127.0.0.1", "::1"}
        and _LOCAL_HOST.fullmatch(request.host) is not None
        and not any(name in request.headers for name in _FORWARDED)
    )


async def _once(
    route: Route, deps: ServerDeps, request: web.Request, key: str, caller: str
) -> web.StreamResponse:
    """Under a key a request happens once; its repeat gets the same answer."""
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InputError(f"Idempotency-Key must have 1 to {_LONGEST_KEY} printable characters")
    answers = deps.bus.answers
    scope = f"{caller}\0{request.path_qs}"
    digest = blake2s(await request.read()).hexdigest()
    earlier = await answers.begin(scope, key, digest)
    if earlier is not None:
        if earlier.state == "other":
            raise Unprocessable("this Idempotency-Key was used with another body")
        if earlier.state == "open":
            raise Conflict("a request with this Idempotency-Key is under way", code="in_progress")
        return web.Response(
            status=earlier.status, body=earlier.body, content_type="application/json",
            headers={"Idempotent-Replayed": "true"},
        )  # fmt: skip
    try:
        response = await route.handler(request)
    except BaseException:
        await answers.forget(scope, key)
        raise
    body = response.body if isinstance(response, web.Response) else b""
    await answers.finish(scope, key, digest, response.status, bytes(body or b""))  # type: ignore[arg-type]
    return response
