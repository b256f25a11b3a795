"""Routes about what is learned from people: proposals for the knowledge base, drafts, reports.

Above: `routes`. Below: `learning_ports`.
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.desk_shapes import DraftFigures
from channels.rest.learning_ports import KnowledgeDrafts, LearningDesk
from channels.rest.reading import read_int, read_model
from channels.rest.system import Absent
from core.errors import InputError
from core.text import clean_text

STATUSES = ("open", "unscreened", "proposed", "accepted", "rejected", "all")
_LONGEST_ID = 40


class KnowledgeProposal(BaseModel):
    """A question with its answer; or the answer's entry in a conversation, which tells both."""

    model_config = ConfigDict(extra="forbid")

    question: str | None = Field(None, max_length=2000)
    answer: str | None = Field(None, max_length=8000)
    language: str | None = Field(None, max_length=20)
    category: str | None = Field(None, max_length=60)
    conversation: str | None = Field(None, max_length=60)
    entry: str | None = Field(None, max_length=200)


class AcceptedProposal(BaseModel):
    """How it is accepted: in other words where they are given. `replaces`: a document that goes;
    `allow_personal`: what looks like somebody's data may stay."""

    model_config = ConfigDict(extra="forbid")

    question: str | None = Field(None, max_length=2000)
    answer: str | None = Field(None, max_length=8000)
    language: str | None = Field(None, max_length=20)
    category: str | None = Field(None, max_length=60)
    replaces: str | None = Field(None, max_length=200)
    allow_personal: bool = False


class ScreeningShape(BaseModel):
    """How a proposal stands to what is known; `personal` are kinds of data found in it."""

    verdict: str
    document: str | None
    title: str | None
    score: float
    likeness: float
    review: str | None
    failed: bool
    personal: list[str]


class KnowledgeDraft(BaseModel):
    """A proposal for the knowledge base, and what became of it."""

    id: str
    status: str
    question: str
    answer: str
    language: str
    category: str | None
    conversation: str | None
    entry: str | None
    screening: ScreeningShape
    proposed_by: str
    proposed_at: str
    reviewed_by: str | None
    reviewed_at: str | None
    document: str | None


class KnowledgeDraftList(BaseModel):
    """Some of them."""

    drafts: list[KnowledgeDraft]


class DraftMeasure(BaseModel):
    """Of one intent; `by_language` splits it."""

    intent: str
    mode: Literal["auto", "draft"]
    open: int
    total: DraftFigures
    by_language: dict[str, DraftFigures]


class DraftMeasures(BaseModel):
    """All of them, the most drafts first."""

    days: int
    total: DraftFigures
    intents: list[DraftMeasure]


class AutonomyChange(BaseModel):
    """A change of who answers, or the suggestion of one."""

    id: str
    intent: str
    before: Literal["auto", "draft"]
    after: Literal["auto", "draft"]
    status: Literal["suggested", "applied", "dismissed"]
    made_by: str
    at: str
    why: str
    figures: dict[str, Any]
    decided_by: str | None
    decided_at: str | None


class AutonomyShape(BaseModel):
    """Who answers: `modes` names the intents that differ from `default`; changes newest first."""

    default: Literal["auto", "draft"]
    modes: dict[str, str]
    changes: list[AutonomyChange]


class NewMode(BaseModel):
    """A person's word about an intent (`billing.refund`)."""

    model_config = ConfigDict(extra="forbid")

    intent: str = Field(max_length=90)
    mode: Literal["auto", "draft"]
    why: str = Field("", max_length=500)


class Learning:
    """Put forward, look at, decide."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def propose(self, request: web.Request) -> web.Response:
        """Screened at once; nothing is known by it yet."""
        body = await read_model(request, KnowledgeProposal)
        fields = body.model_dump(exclude_none=True)
        made = await self._drafts().propose(fields, by=name_of(request))
        return web.json_response(made, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """The oldest first."""
        status = request.query.get("status", "open")
        if status not in STATUSES:
            raise InputError(f"status: one of {', '.join(STATUSES)}")
        limit = read_int(request, "limit", 50, low=1, high=200)
        found = await self._drafts().list(status=None if status == "all" else status, limit=limit)
        return web.json_response({"drafts": found})

    async def accept(self, request: web.Request) -> web.Response:
        """From now on an article."""
        body = await read_model(request, AcceptedProposal)
        fields = body.model_dump(exclude_none=True)
        done = await self._drafts().accept(_id_of(request), fields, by=name_of(request))
        return web.json_response(done)

    async def reject(self, request: web.Request) -> web.Response:
        """It will not be one."""
        return web.json_response(await self._drafts().reject(_id_of(request), by=name_of(request)))

    async def measures(self, request: web.Request) -> web.Response:
        """By intent, the most drafts first."""
        days = read_int(request, "days", 28, low=1, high=366)
        return web.json_response(await self._desk().draft_measures(days=days))

    async def autonomy(self, request: web.Request) -> web.Response:
        """As it is now, and how it came to be so."""
        limit = read_int(request, "limit", 50, low=1, high=200)
        return web.json_response(await self._desk().autonomy(limit=limit))

    async def set_mode(self, request: web.Request) -> web.Response:
        """It counts at once, and more than any measurement."""
        body = await read_model(request, NewMode)
        done = await self._desk().set_mode(
            body.intent, body.mode, why=clean_text(body.why), by=name_of(request)
        )
        return web.json_response(done, status=201)

    async def apply_change(self, request: web.Request) -> web.Response:
        """What was suggested counts from now on."""
        return await self._decide(request, "applied")

    async def dismiss_change(self, request: web.Request) -> web.Response:
        """It stays as it was."""
        return await self._decide(request, "dismissed")

    async def weekly(self, request: web.Request) -> web.Response:
        """Of the last whole week, or of the one that is named."""
        week = request.query.get("week")
        return web.json_response(await self._desk().weekly_report(week))

    async def _decide(
        self, request: web.Request, status: Literal["applied", "dismissed"]
    ) -> web.Response:
        identifier = request.match_info["change"][:_LONGEST_ID]
        done = await self._desk().decide_change(identifier, status, by=name_of(request))
        return web.json_response(done)

    def _desk(self) -> LearningDesk:
        if self._deps.learning is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        return self._deps.learning

    def _drafts(self) -> KnowledgeDrafts:
        if self._deps.knowledge_drafts is None:
            raise Absent("no knowledge", public_text="this process has no knowledge base")
        return self._deps.knowledge_drafts


def name_of(request: web.Request) -> str:
    """Who acts, as it is written down."""
    principal = principal_of(request)
    return principal.name or principal.scope


def _id_of(request: web.Request) -> str:
    return request.match_info["draft"][:_LONGEST_ID]
