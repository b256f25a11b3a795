"""Routes about the gateway itself: health, metrics, lists, triage and knowledge.

Above: `routes`. Below: the ports of `rest.ports`, `core.telemetry`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from channels.deps import ServerDeps
from channels.ingress import check_text
from channels.rest.models import NewDocument, TriageRequest
from channels.rest.reading import read_cursor, read_int, read_model, write_cursor
from channels.rest.ticketed import name_tickets
from core import telemetry
from core.errors import InputError, SwitchboardError

_PROBE_SECONDS = 3.0


class Absent(SwitchboardError):
    """This process has no such part."""

    code = "not_here"
    retryable = True


class System:
    """Handlers that need no conversation."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def live(self, request: web.Request) -> web.Response:
        """The process answers."""
        return web.json_response({"status": "ok", "version": self._deps.version})

    async def ready(self, request: web.Request) -> web.Response:
        """The store takes writes: messages can come in."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._deps.bus.ping()
        except (SwitchboardError, TimeoutError):
            return web.json_response({"status": "unavailable", "ready": False}, status=503)
        return web.json_response({"status": "ok", "ready": True})

    async def detailed(self, request: web.Request) -> web.Response:
        """Every component with its state."""
        names = list(self._deps.probes)
        states = await asyncio.gather(*(self._probe(name) for name in names))
        worst = "ok" if all(state.get("status") == "ok" for state in states) else "degraded"
        components = dict(zip(names, states, strict=True))
        return web.json_response(
            {"status": worst, "version": self._deps.version, "components": components}
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text."""
        body = generate_latest(telemetry.REGISTRY)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def list_conversations(self, request: web.Request) -> web.Response:
        """From the archive, filtered and searched."""
        archive = self._deps.archive
        if archive is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        query = request.query
        page = await archive.list_conversations(
            status=query.get("status"), owner=query.get("owner"), channel=query.get("channel"),
            specialist=query.get("specialist"), q=query.get("q"), cursor=read_cursor(request),
            limit=read_int(request, "limit", 50, low=1, high=200),
        )  # fmt: skip
        await name_tickets(self._deps.tickets, page.items)
        return web.json_response({"conversations": page.items, "next": _sealed(page.next)})

    async def cases(self, request: web.Request) -> web.Response:
        """Conversations that people own, in the order in which somebody should look."""
        if self._deps.queue is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        waiting = request.query.get("waiting")
        if waiting not in {None, "true", "false"}:
            raise InputError("waiting must be true or false")
        found = await self._deps.queue.list(
            waiting=None if waiting is None else waiting == "true",
            holder=request.query.get("holder") or None,
            limit=read_int(request, "limit", 50, low=1, high=200),
        )
        return web.json_response({"cases": found})

    async def specialists(self, request: web.Request) -> web.Response:
        """Who answers here."""
        found = self._deps.specialists
        return web.json_response({"specialists": await found.overview() if found else []})

    async def triage(self, request: web.Request) -> web.Response:
        """What a text is about."""
        body = await read_model(request, TriageRequest)
        text = check_text(body.text)
        if self._deps.triage is None:
            raise Absent("no triage", public_text="this process has no triage")
        return web.json_response(
            await self._deps.triage.decide(text, conversation=body.conversation)
        )

    async def search(self, request: web.Request) -> web.Response:
        """Search the knowledge base."""
        query = request.query
        text = check_text(query.get("q"), most=2_000)
        category = query.get("category")
        result = await self._knowledge().search(
            text, limit=read_int(request, "k", 5, low=1, high=50), language=query.get("language"),
            categories=(category,) if category else (),
        )  # fmt: skip
        return web.json_response(result.model_dump())

    async def documents(self, request: web.Request) -> web.Response:
        """All documents, a page at a time, by id."""
        after, limit = read_cursor(request), read_int(request, "limit", 200, low=1, high=1_000)
        documents = sorted(await self._knowledge().list(), key=lambda item: item["id"])
        rest = [item for item in documents if after is None or item["id"] > after]
        more = write_cursor(rest[limit - 1]["id"]) if len(rest) > limit else None
        return web.json_response({"documents": rest[:limit], "next": more})

    async def add_document(self, request: web.Request) -> web.Response:
        """Write a document."""
        body = await read_model(request, NewDocument)
        document = await self._knowledge().add(body.model_dump(exclude_none=True))
        return web.json_response({"id": document}, status=201)

    async def remove_document(self, request: web.Request) -> web.Response:
        """Remove a document."""
        await self._knowledge().remove(request.match_info["document"])
        return web.Response(status=204)

    async def gaps(self, request: web.Request) -> web.Response:
        """What was asked in these last days and not answered."""
        days = read_int(request, "days", 30, low=1, high=3_650)
        limit = read_int(request, "limit", 50, low=1, high=200)
        return web.json_response({"gaps": await self._knowledge().gaps(days=days, limit=limit)})

    def _knowledge(self) -> Any:
        if self._deps.knowledge is None:
            raise Absent("no knowledge", public_text="this process has no knowledge base")
        return self._deps.knowledge

    async def _probe(self, name: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return {"status": "ok", **await self._deps.probes[name]()}
        except Exception as error:  # noqa: BLE001 -- a failing probe is an answer
            return {"status": "failed", "error": type(error).__name__}


def _sealed(position: str | None) -> str | None:
    return None if position is None else write_cursor(position)
