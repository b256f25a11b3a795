"""The table of REST routes: path, handler, who may, and what OpenAPI says of it.

Above: `channels.server`, `openapi`. Below: the handlers, `admission` (each route passes it first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson
from aiohttp import web
from pydantic import BaseModel

from channels.callers import Callers
from channels.deps import ServerDeps
from channels.openapi import describe
from channels.rates import Rates
from channels.rest import models, shapes
from channels.rest.admission import Admission, Handler
from channels.rest.conversations import Conversations
from channels.rest.events import Events
from channels.rest.system import System
from core.ports import SearchResult

API = "/api/v1"
_EVERY = f"{API}/conversations"
_ONE = f"{_EVERY}/{{id}}"
_DOCUMENTS = f"{API}/knowledge/documents"
Audience = Literal["anyone", "customer", "desk", "admin"]


@dataclass(frozen=True)
class Route:
    """One line of the table. `customer` means: that conversation's customer, or staff.

    `takes` and `gives` are the shapes of body and answer, `answers` the status of success.
    """

    method: str
    path: str
    handler: Handler
    audience: Audience
    summary: str
    takes: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    answers: int = 200


def list_routes(deps: ServerDeps) -> list[Route]:
    """All routes of the API."""
    talk, system, events = Conversations(deps), System(deps), Events(deps)
    return [
        *_about_saying(talk),
        *_about_reading(talk, events, system),
        *_about_acting(talk),
        *_about_work(system),
        *_about_health(system),
    ]


def _about_saying(talk: Conversations) -> list[Route]:
    return [
        Route(
            "POST", _EVERY, talk.create, "anyone", "Open a new one",
            takes=models.NewConversation, gives=shapes.Opened, answers=201,
        ),
        Route(
            "POST", f"{_ONE}/messages", talk.say, "customer",
            "Say something; with ?wait=SECONDS get the answer too",
            takes=models.NewMessage, gives=shapes.Said, query=("wait",), answers=202,
        ),
        Route(
            "POST", f"{_ONE}/close", talk.close, "customer", "End the conversation",
            takes=models.Act, gives=shapes.Closed,
        ),
    ]  # fmt: skip


def _about_reading(talk: Conversations, events: Events, system: System) -> list[Route]:
    return [
        Route(
            "GET", _EVERY, system.list_conversations, "desk", "List and search",
            gives=shapes.Conversations,
            query=("status", "owner", "channel", "specialist", "q", "cursor", "limit"),
        ),
        Route(
            "GET", _ONE, talk.show, "customer", "The state of a conversation",
            gives=shapes.Conversation,
        ),
        Route(
            "GET", f"{_ONE}/entries", talk.entries, "customer", "Entries after a sequence",
            gives=shapes.Entries, query=("after", "limit"),
        ),
        Route(
            "GET", f"{_ONE}/events", events.stream, "customer",
            "The conversation as server-sent events", query=("after",),
        ),
        Route("GET", f"{_ONE}/turns/{{seq}}", talk.receipt, "customer", "How an answer came about"),
    ]  # fmt: skip


def _about_acting(talk: Conversations) -> list[Route]:
    return [
        Route(
            "POST", f"{_ONE}/take", talk.take, "desk", "A person takes over",
            takes=models.Act, gives=shapes.Conversation,
        ),
        Route(
            "POST", f"{_ONE}/release", talk.release, "desk", "Back to the AI",
            takes=models.Act, gives=shapes.Conversation,
        ),
        Route(
            "POST", f"{_ONE}/replies", talk.reply, "desk", "A person answers",
            takes=models.Words, gives=shapes.Said, answers=202,
        ),
        Route(
            "POST", f"{_ONE}/notes", talk.note, "desk", "An internal note",
            takes=models.Words, gives=shapes.Said, answers=202,
        ),
    ]  # fmt: skip


def _about_work(system: System) -> list[Route]:
    return [
        Route(
            "POST", f"{API}/triage", system.triage, "desk", "Judge a text",
            takes=models.TriageRequest,
        ),
        Route(
            "GET", f"{API}/knowledge/search", system.search, "desk", "Search the knowledge base",
            gives=SearchResult, query=("q", "k", "category", "language"),
        ),
        Route(
            "GET", _DOCUMENTS, system.documents, "desk", "All documents",
            gives=shapes.Documents, query=("cursor", "limit"),
        ),
        Route(
            "POST", _DOCUMENTS, system.add_document, "admin", "Add one",
            takes=models.NewDocument, gives=shapes.Written, answers=201,
        ),
        Route(
            "DELETE", f"{_DOCUMENTS}/{{document}}", system.remove_document, "admin",
            "Remove a document", answers=204,
        ),
        Route(
            "GET", f"{API}/specialists", system.specialists, "desk", "Who answers here",
            gives=shapes.Specialists,
        ),
    ]  # fmt: skip


def _about_health(system: System) -> list[Route]:
    """At the root for machines that look there, and in the API."""
    return [
        route
        for at in ("", API)
        for route in (
            Route(
                "GET", f"{at}/health", system.live, "anyone", "The process answers",
                gives=shapes.Alive,
            ),
            Route(
                "GET", f"{at}/health/ready", system.ready, "anyone", "Messages can come in",
                gives=shapes.Ready,
            ),
            Route(
                "GET", f"{at}/health/detailed", system.detailed, "desk", "Every component",
                gives=shapes.Health,
            ),
            Route("GET", f"{at}/metrics", system.metrics, "desk", "Prometheus metrics"),
        )
    ]  # fmt: skip


def add_routes(app: web.Application, deps: ServerDeps) -> None:
    """Put the table into the application, each route behind its guard, and its description."""
    settings = deps.settings
    admission = Admission(
        deps.tokens, deps.bus.answers, Rates(settings.messages_per_second),
        Callers(settings.proxies),
    )  # fmt: skip
    routes = list_routes(deps)
    for route in routes:
        app.router.add_route(route.method, route.path, admission.guard(route))
    description = orjson.dumps(describe(routes, version=deps.version))

    async def openapi(request: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    app.router.add_get("/api/openapi.json", openapi)
