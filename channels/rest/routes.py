"""The table of REST routes: path, handler, who may, and what OpenAPI says of it.

Above: `channels.server`, `openapi`. Below: the handlers, `admission` (each route passes it first).
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import get_args

import orjson
from aiohttp import web

from channels.callers import Callers
from channels.deps import ServerDeps
from channels.openapi import describe
from channels.rates import Rates
from channels.rest import desk_shapes, models, shapes
from channels.rest.access import access_routes
from channels.rest.admission import Admission
from channels.rest.approvals import STATUSES as APPROVAL_STATUSES
from channels.rest.approvals import Approvals
from channels.rest.auditing import audited
from channels.rest.contacts import contact_routes
from channels.rest.conversations import Conversations
from channels.rest.corrections import STATUSES as CORRECTION_STATUSES
from channels.rest.corrections import Corrections
from channels.rest.desk_routes import desk_routes
from channels.rest.events import Events
from channels.rest.files import FileRoutes
from channels.rest.learning import STATUSES as PROPOSAL_STATUSES
from channels.rest.learning import (
    AcceptedProposal,
    AutonomyChange,
    AutonomyShape,
    DraftMeasures,
    KnowledgeDraft,
    KnowledgeDraftList,
    KnowledgeProposal,
    Learning,
    NewMode,
)
from channels.rest.privacy import privacy_routes
from channels.rest.queries import area_of, choice
from channels.rest.system import System
from channels.rest.table import API, EVERY, ONE, Route
from channels.rest.verifying import only_if_open, verifying_routes
from channels.rest.webhooks import webhook_routes
from core.bus.limits import StoredLimits
from core.conversation import Owner, Status
from core.learning.report import WeeklyReport
from core.ports import SearchResult

CHANNELS = ("telegram", "slack", "web", "email", "rest")
_APPROVALS = f"{API}/approvals"
_CORRECTIONS = f"{API}/triage/corrections"
_DOCUMENTS = f"{API}/knowledge/documents"
_PROPOSALS = f"{API}/knowledge/drafts"
_AUTONOMY = f"{API}/autonomy"


def list_routes(deps: ServerDeps) -> list[Route]:
    """All routes of the API."""
    talk, system, events = Conversations(deps), System(deps), Events(deps)
    routes = [
        *_about_saying(talk),
        *_about_files(FileRoutes(deps.files)),
        *_about_reading(talk, events, system),
        *desk_routes(deps, talk),
        *_about_work(system),
        *_about_approvals(Approvals(deps)),
        *_about_corrections(Corrections(deps)),
        *_about_learning(Learning(deps)),
        *contact_routes(deps),
        *verifying_routes(deps),
        *webhook_routes(deps),
        *privacy_routes(deps),
        *_about_health(system),
        *access_routes(deps, lambda: sorted({area_of(route.path) for route in routes})),
    ]
    return routes


def _about_saying(talk: Conversations) -> list[Route]:
    return [
        Route(
            "POST", EVERY, talk.create, "anyone", "Open a new one",
            takes=models.NewConversation, gives=shapes.Opened, answers=201,
        ),
        Route(
            "POST", f"{ONE}/messages", talk.say, "customer",
            "Say something; with ?wait=SECONDS get the answer too",
            takes=models.NewMessage, gives=shapes.Said, query=("wait",), answers=202,
        ),
        Route(
            "POST", f"{ONE}/links", talk.links, "customer",
            "Links to go on with this conversation in another channel",
            gives=shapes.Links, answers=201,
        ),
        Route(
            "POST", f"{ONE}/close", talk.close, "customer", "End the conversation",
            takes=models.Closing, gives=shapes.Closed,
        ),
    ]  # fmt: skip


def _about_files(files: FileRoutes) -> list[Route]:
    return [
        Route(
            "POST", f"{ONE}/attachments", files.upload, "customer",
            "Upload a file for a message: a form with one part named file",
            gives=shapes.FileShape, answers=201, takes_file=True,
        ),
        Route(
            "GET", "/files/{file}", files.download, "anyone",
            "A file, by a link that opens for a while", query=("e", "s"), gives_file=True,
        ),
    ]  # fmt: skip


def _about_reading(talk: Conversations, events: Events, system: System) -> list[Route]:
    return [
        Route(
            "GET", EVERY, system.list_conversations, "desk", "List and search",
            gives=shapes.Conversations,
            query=(
                choice("status", *get_args(Status)), choice("owner", *get_args(Owner)),
                choice("channel", *CHANNELS), "specialist", "q", "cursor", "limit",
            ),
        ),
        Route(
            "GET", f"{API}/cases", system.cases, "desk", "What waits for people",
            gives=desk_shapes.Cases, query=(choice("waiting", "true", "false"), "holder", "limit"),
        ),
        Route(
            "GET", ONE, talk.show, "customer", "The state of a conversation",
            gives=shapes.Conversation,
        ),
        Route(
            "GET", f"{ONE}/entries", talk.entries, "customer", "Entries after a sequence",
            gives=shapes.Entries, query=("after", "limit"),
        ),
        Route(
            "GET", f"{ONE}/events", events.stream, "customer",
            "The conversation as server-sent events", query=("after",),
        ),
        Route("GET", f"{ONE}/turns/{{seq}}", talk.receipt, "customer", "How an answer came about"),
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
            "GET", f"{API}/knowledge/gaps", system.gaps, "desk", "What the knowledge lacks",
            gives=shapes.Gaps, query=("days", "limit"),
        ),
        Route(
            "GET", f"{API}/specialists", system.specialists, "desk", "Who answers here",
            gives=shapes.Specialists,
        ),
    ]  # fmt: skip


def _about_approvals(approvals: Approvals) -> list[Route]:
    return [
        Route(
            "GET", _APPROVALS, approvals.list, "desk", "Acts that wait for a person",
            gives=shapes.Approvals, query=(choice("status", *APPROVAL_STATUSES), "limit"),
        ),
        Route(
            "POST", f"{_APPROVALS}/{{approval}}", approvals.decide, "desk", "Approve or reject one",
            takes=models.Decision, gives=shapes.Approval,
        ),
    ]  # fmt: skip


def _about_corrections(corrections: Corrections) -> list[Route]:
    one = f"{_CORRECTIONS}/{{correction}}"
    return [
        Route(
            "POST", _CORRECTIONS, corrections.propose, "desk", "Say what triage got wrong",
            takes=models.TriageCorrection, gives=shapes.Correction, answers=201,
        ),
        Route(
            "GET", _CORRECTIONS, corrections.list, "desk", "Corrections of triage",
            gives=shapes.Corrections, query=(choice("status", *CORRECTION_STATUSES), "limit"),
        ),
        Route(
            "POST", f"{one}/accept", corrections.accept, "admin", "Let triage learn from it",
            gives=shapes.Correction,
        ),
        Route(
            "POST", f"{one}/reject", corrections.reject, "admin", "Do not learn from it",
            gives=shapes.Correction,
        ),
    ]  # fmt: skip


def _about_learning(learning: Learning) -> list[Route]:
    one, change = f"{_PROPOSALS}/{{draft}}", f"{_AUTONOMY}/changes/{{change}}"
    return [
        Route(
            "POST", _PROPOSALS, learning.propose, "desk", "Put an answer forward as knowledge",
            takes=KnowledgeProposal, gives=KnowledgeDraft, answers=201,
        ),
        Route(
            "GET", _PROPOSALS, learning.list, "desk", "Answers put forward as knowledge",
            gives=KnowledgeDraftList, query=(choice("status", *PROPOSAL_STATUSES), "limit"),
        ),
        Route(
            "POST", f"{one}/accept", learning.accept, "desk", "Make it an article",
            takes=AcceptedProposal, gives=KnowledgeDraft,
        ),
        Route(
            "POST", f"{one}/reject", learning.reject, "desk", "Do not make it an article",
            gives=KnowledgeDraft,
        ),
        Route(
            "GET", f"{API}/drafts", learning.measures, "desk", "How drafts fared, by intent",
            gives=DraftMeasures, query=("days",),
        ),
        Route(
            "GET", _AUTONOMY, learning.autonomy, "desk", "Who answers what",
            gives=AutonomyShape, query=("limit",),
        ),
        Route(
            "POST", _AUTONOMY, learning.set_mode, "admin", "Say who answers an intent",
            takes=NewMode, gives=AutonomyChange, answers=201,
        ),
        Route(
            "POST", f"{change}/apply", learning.apply_change, "admin", "Do what was suggested",
            gives=AutonomyChange,
        ),
        Route(
            "POST", f"{change}/dismiss", learning.dismiss_change, "admin",
            "Leave it as it is", gives=AutonomyChange,
        ),
        Route(
            "GET", f"{API}/reports/weekly", learning.weekly, "desk", "The report of a week",
            gives=WeeklyReport, query=("week",),
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
        limits=StoredLimits(deps.bus.calls, shards=deps.bus.settings.shards),
        refused_per_minute=settings.refused_per_minute,
        largest_file=deps.files.files.settings.max_bytes if deps.files else 0,
    )  # fmt: skip
    routes = list_routes(deps)
    for route in routes:
        guarded = admission.guard(audited(only_if_open(deps.bus.log, route), deps.audit))
        app.router.add_route(route.method, route.path, guarded)

    @cache
    def description() -> bytes:  # a hundred shapes: made when somebody asks
        return orjson.dumps(describe(routes, version=deps.version))

    async def openapi(request: web.Request) -> web.Response:
        body = await asyncio.to_thread(description)
        return web.Response(body=body, content_type="application/json")

    app.router.add_get("/api/openapi.json", openapi)
