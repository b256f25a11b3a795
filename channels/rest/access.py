"""Routes about tokens of people and programs, and about calling customers' tokens back.

Above: `routes`. Below: `rest.ports`, `table`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from channels.deps import ServerDeps
from channels.ingress import check_text
from channels.rest.conversations import principal_of
from channels.rest.models import Body
from channels.rest.ports import TokenDoor
from channels.rest.reading import read_model
from channels.rest.shapes import Shape, Time
from channels.rest.system import Absent
from channels.rest.table import API, ONE, Route
from core.errors import InputError, NotFound
from core.ids import ConversationId, is_conversation_id

_TOKENS = f"{API}/tokens"
_EXAMPLE = "sbt_oV3hJ0m9q2yR7cZk1uT5bX8wL4nE6aD0sG2fH9iKpQ"


class NewToken(Body):
    """Whom a token is for, and what it may do."""

    scope: Literal["desk", "admin"] = Field(examples=["desk"])
    name: str = Field(
        default="", max_length=100, examples=["Eva"],
        description="Whose it is; shown beside what they write.",
    )  # fmt: skip
    expires: str | None = Field(
        default=None, max_length=40, examples=["2099-01-31T00:00:00Z"],
        description="RFC 3339; else it is good until it is revoked.",
    )  # fmt: skip
    limits: list[Annotated[str, Field(max_length=60)]] = Field(
        default=[], max_length=40, examples=[["tickets:read", "knowledge:write"]],
        description="What it is held to: parts of the API (the first word of a path), `:read` or "
        "`:write` (which includes reading); empty: all that its scope may do.",
    )  # fmt: skip


class TokenShape(Shape):
    """A token as it is listed."""

    id: str = Field(examples=["at_3kq0Zr8tYw1m"])
    name: str
    scope: Literal["desk", "admin"]
    limits: list[str]
    prefix: str = Field(description="How it begins, to know it again.", examples=[_EXAMPLE[:10]])
    created_at: str = Time
    created_by: str
    expires_at: str | None
    last_used_at: str | None = Field(description="Within half a minute.")


class CreatedToken(TokenShape):
    """A new token: this answer shows it, no other does."""

    token: str | None = Field(
        description="Null in the answer to a repeat of the request.", examples=[_EXAMPLE]
    )


class TokenList(Shape):
    """Those that were not revoked, the newest first."""

    tokens: list[TokenShape]


class Access:
    """Handlers of `/tokens…`."""

    def __init__(self, deps: ServerDeps, areas: Callable[[], Collection[str]]) -> None:
        self._access = deps.access
        self._log = deps.bus.log
        self._areas = areas

    async def create(self, request: web.Request) -> web.Response:
        """A new one."""
        body = await read_model(request, NewToken)
        principal = principal_of(request)
        made = await self._door().add(
            scope=body.scope, name=check_text(body.name, most=100, empty=True),
            limits=self._limits(body.limits), expires_at=_moment(body.expires),
            by=principal.name or principal.scope,
        )  # fmt: skip
        return web.json_response(made, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """Without what opens anything."""
        return web.json_response({"tokens": await self._door().list()})

    async def revoke(self, request: web.Request) -> web.Response:
        """From now on it opens nothing, and what it holds open ends."""
        await self._door().revoke(request.match_info["token"])
        return web.Response(status=204)

    async def end_customer_tokens(self, request: web.Request) -> web.Response:
        """Customers' tokens of a conversation open nothing any more."""
        conversation = request.match_info["id"]
        if not is_conversation_id(conversation):
            raise NotFound("no such conversation")
        await self._log.head(ConversationId(conversation))
        await self._door().end_customer_tokens(conversation)
        return web.Response(status=204)

    def _limits(self, limits: Collection[str]) -> tuple[str, ...]:
        areas = self._areas()
        for limit in limits:
            area, _, how = limit.partition(":")
            if area not in areas or how not in {"read", "write"}:
                raise InputError(f"limits: AREA:read or AREA:write, areas: {', '.join(areas)}")
        return tuple(dict.fromkeys(limits))

    def _door(self) -> TokenDoor:
        if self._access is None:
            raise Absent("no tokens", public_text="this process keeps no tokens")
        return self._access


def access_routes(deps: ServerDeps, areas: Callable[[], Collection[str]]) -> list[Route]:
    """All of them; `areas` are the parts of the API that a token may be held to."""
    access = Access(deps, areas)
    return [
        Route(
            "POST", _TOKENS, access.create, "admin", "Make a token for a person or a program",
            takes=NewToken, gives=CreatedToken, answers=201, shown_once=("token",),
        ),
        Route("GET", _TOKENS, access.list, "admin", "All tokens", gives=TokenList),
        Route(
            "DELETE", f"{_TOKENS}/{{token}}", access.revoke, "admin", "Revoke a token", answers=204
        ),
        Route(
            "DELETE", f"{ONE}/tokens", access.end_customer_tokens, "desk",
            "Call back all tokens that customers have for this conversation", answers=204,
        ),
    ]  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError("expires must be a time such as 2099-01-31T00:00:00Z") from None
    if found <= datetime.now(UTC):
        raise InputError("expires must be in the future")
    return found
