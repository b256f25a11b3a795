"""Routes about corrections of triage. Above: `routes`. Below: `rest.ports`."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.models import TriageCorrection
from channels.rest.ports import CorrectionDoor
from channels.rest.reading import read_int, read_model
from channels.rest.system import Absent
from core.errors import InputError

STATUSES = ("proposed", "accepted", "rejected", "all")
_LONGEST_ID = 40


class Corrections:
    """Say what triage got wrong; look at it; agree or not."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def propose(self, request: web.Request) -> web.Response:
        """A proposal; nothing is learned from it yet."""
        body = await read_model(request, TriageCorrection)
        fields = body.model_dump(exclude_none=True)
        made = await self._desk().propose(fields, by=_name_of(request))
        return web.json_response(made, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """The oldest first."""
        status = request.query.get("status", "proposed")
        if status not in STATUSES:
            raise InputError(f"status: one of {', '.join(STATUSES)}")
        limit = read_int(request, "limit", 50, low=1, high=200)
        found = await self._desk().list(status=None if status == "all" else status, limit=limit)
        return web.json_response({"corrections": found})

    async def accept(self, request: web.Request) -> web.Response:
        """From now on an example."""
        return await self._review(request, "accepted")

    async def reject(self, request: web.Request) -> web.Response:
        """Triage was right, or the case is too odd to learn from."""
        return await self._review(request, "rejected")

    async def _review(
        self, request: web.Request, verdict: Literal["accepted", "rejected"]
    ) -> web.Response:
        identifier = request.match_info["correction"][:_LONGEST_ID]
        done = await self._desk().review(identifier, verdict, by=_name_of(request))
        return web.json_response(done)

    def _desk(self) -> CorrectionDoor:
        if self._deps.corrections is None:
            raise Absent("no corrections", public_text="this process has no triage")
        return self._deps.corrections


def _name_of(request: web.Request) -> str:
    principal = principal_of(request)
    return principal.name or principal.scope
