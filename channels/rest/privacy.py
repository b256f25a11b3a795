"""Routes about people's right to their data: export, erasure, and the audit log.

Above: `routes`. Below: `rest.ports`, `table`. A wish of a customer in a conversation opens a case;
only an administrator acts here.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.ports import PrivacyDoor
from channels.rest.queries import choice
from channels.rest.reading import read_cursor, read_int, write_cursor
from channels.rest.shapes import Shape, Time
from channels.rest.system import Absent
from channels.rest.table import API, Route
from core.errors import InputError

_CONTACT = f"{API}/contacts/{{id}}"
_LONGEST = 200


class ErasureShape(Shape):
    """A wish to be forgotten, and how far it is; `report` is whole when `done_at` is set, but for
    its `slack_posts`: each has a `state`: `pending` (tried until Slack answers), `removed`, `gone`
    (it was not there any more) or `by_hand` (people have to remove it, for its `reason`)."""

    id: str
    contact: str = Field(description="The id, or a digest where the id told who it was.")
    asked_by: str
    asked_at: str = Time
    step: str
    done_at: str | None
    report: dict[str, Any]


class ErasurePreview(Shape):
    """What an erasure would find."""

    conversations: list[str]
    tickets: list[str]
    rows: dict[str, int]
    outside: list[str]


class ExportShape(Shape):
    """An export; whoever has `url` can fetch it until `expires_at`."""

    id: str
    url: str
    bytes: int
    expires_at: str = Time
    counts: dict[str, int]


class AuditLineShape(Shape):
    """Who did what to whose data."""

    seq: int
    at: str = Time
    who: str
    what: str
    whom: str
    origin: str
    details: dict[str, Any]
    hash: str


class AuditPage(Shape):
    """The newest first; `next` is the cursor to older ones."""

    lines: list[AuditLineShape]
    next: str | None


class AuditVerdict(Shape):
    """Whether the chain of the log is whole."""

    lines: int
    whole: bool
    broken: int | None


class Privacy:
    """Handlers."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def erase(self, request: web.Request) -> web.Response:
        """From now on the person is forgotten; `?dry_run=true` only counts."""
        contact = request.match_info["id"][:_LONGEST]
        if _flag(request, "dry_run"):
            return web.json_response(await self._door().preview(contact))
        begun = await self._door().erase(contact, by=_who(request), origin=_origin(request))
        return web.json_response(begun, status=202)

    async def erasure(self, request: web.Request) -> web.Response:
        """How far it is."""
        return web.json_response(await self._door().erasure(request.match_info["erasure"]))

    async def export(self, request: web.Request) -> web.Response:
        """Everything that is known of the person."""
        contact = request.match_info["id"][:_LONGEST]
        made = await self._door().export(contact, by=_who(request), origin=_origin(request))
        return web.json_response(made, status=201)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The file, while its link is good."""
        path = self._door().exported(request.match_info["export"])
        return web.FileResponse(
            path,
            headers={
                "Content-Type": "application/zip", "Cache-Control": "private, no-store",
                "Content-Disposition": f'attachment; filename="{path.name}"',
            },
        )  # fmt: skip

    async def audit(self, request: web.Request) -> web.Response:
        """Who did what."""
        cursor = read_cursor(request)
        limit = read_int(request, "limit", 100, low=1, high=500)
        lines = await self._door().lines(
            whom=request.query.get("whom"), before=int(cursor) if cursor else None, limit=limit
        )
        following = write_cursor(str(lines[-1]["seq"])) if len(lines) == limit else None
        return web.json_response({"lines": lines, "next": following})

    async def verify(self, request: web.Request) -> web.Response:
        """Go through the whole chain."""
        return web.json_response(await self._door().verify())

    def _door(self) -> PrivacyDoor:
        if self._deps.privacy is None:
            raise Absent("no privacy", public_text="this process keeps no data of people")
        return self._deps.privacy


def privacy_routes(deps: ServerDeps) -> list[Route]:
    """All of them."""
    privacy = Privacy(deps)
    return [
        Route("DELETE", _CONTACT, privacy.erase, "admin",
              "Forget a person; with ?dry_run=true, what that would find",
              gives=ErasureShape, query=(choice("dry_run", "true", "false"),), answers=202,
              also=((200, ErasurePreview),)),
        Route("GET", f"{API}/erasures/{{erasure}}", privacy.erasure, "admin",
              "How far an erasure is", gives=ErasureShape),
        Route("POST", f"{_CONTACT}/export", privacy.export, "admin",
              "Everything that is known of a person", gives=ExportShape, answers=201),
        Route("GET", f"{API}/exports/{{export}}", privacy.download, "anyone",
              "Fetch an export by its link", gives_file=True),
        Route("GET", f"{API}/audit", privacy.audit, "admin", "Who did what to whose data",
              gives=AuditPage, query=("whom", "cursor", "limit")),
        Route("GET", f"{API}/audit/verification", privacy.verify, "admin",
              "Whether the audit log is whole", gives=AuditVerdict),
    ]  # fmt: skip


def _who(request: web.Request) -> str:
    principal = principal_of(request)
    return principal.name or principal.scope


def _origin(request: web.Request) -> str:
    """Where the request came from, as far as the network: no address of a person."""
    return f"rest:{principal_of(request).scope}"


def _flag(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "false").casefold()
    if text not in {"true", "false", "1", "0"}:
        raise InputError(f"{name}: true or false")
    return text in {"true", "1"}
