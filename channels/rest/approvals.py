"""Routes about acts that wait for a person. Above: `routes`. Below: `rest.ports`."""

from __future__ import annotations

from aiohttp import web

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.models import Decision
from channels.rest.ports import ApprovalDoor
from channels.rest.reading import read_int, read_model
from channels.rest.system import Absent
from core.errors import InputError
from core.text import clean_text

STATUSES = ("waiting", "approved", "rejected", "settled", "all")
_LONGEST_ID = 40


class Approvals:
    """Look at what waits, and decide."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def list(self, request: web.Request) -> web.Response:
        """The longest waiting first."""
        status = request.query.get("status", "waiting")
        if status not in STATUSES:
            raise InputError(f"status: one of {', '.join(STATUSES)}")
        limit = read_int(request, "limit", 50, low=1, high=200)
        found = await self._desk().list(status=None if status == "all" else status, limit=limit)
        return web.json_response({"approvals": found})

    async def decide(self, request: web.Request) -> web.Response:
        """Approve or reject; the same again gives the same answer."""
        body = await read_model(request, Decision)
        identifier = request.match_info["approval"][:_LONGEST_ID]
        comment = clean_text(body.comment) if body.comment else None
        by = principal_of(request).name or principal_of(request).scope
        decided = await self._desk().decide(identifier, body.decision, by=by, comment=comment)
        return web.json_response(decided)

    def _desk(self) -> ApprovalDoor:
        if self._deps.approvals is None:
            raise Absent("no approvals", public_text="this process decides nothing")
        return self._deps.approvals
