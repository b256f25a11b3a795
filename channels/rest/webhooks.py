"""Routes about outgoing webhooks. Above: `routes`. Below: `rest.ports`, `table`."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from channels.deps import ServerDeps
from channels.rest.conversations import principal_of
from channels.rest.models import Body
from channels.rest.ports import WebhookDoor
from channels.rest.queries import choice
from channels.rest.reading import read_int, read_model
from channels.rest.shapes import Shape
from channels.rest.system import Absent
from channels.rest.table import API, Route
from core.errors import InputError

_STATUSES = ("waiting", "delivered", "dead", "all")
_LONGEST_ID = 80
_WEBHOOKS = f"{API}/webhooks"


class NewWebhook(Body):
    """Who shall be told what."""

    url: str = Field(min_length=1, max_length=2_000, description="https, on a public address.")
    events: list[Annotated[str, Field(max_length=60)]] = Field(
        default_factory=list[str], max_length=50, description="Types of events; empty: all."
    )
    description: str = Field(default="", max_length=200)


class WebhookShape(Shape):
    """A webhook; its `secret` is only in the answer that made it."""

    id: str
    url: str
    events: list[str]
    description: str
    created_at: str
    created_by: str
    disabled_at: str | None
    disabled_why: str | None
    secret: str | None = None


class WebhookList(Shape):
    """All webhooks."""

    webhooks: list[WebhookShape]


class DeliveryShape(Shape):
    """An event for a webhook and how far it got; `event` is the header `webhook-id`."""

    event: str
    type: str
    status: str
    attempts: int
    created_at: str
    due_at: str | None
    last_status: int | None
    last_error: str | None
    done_at: str | None
    payload: dict[str, Any]


class DeliveryList(Shape):
    """Deliveries of a webhook, the newest first."""

    deliveries: list[DeliveryShape]


class Webhooks:
    """Add, look, take away, try, try again."""

    def __init__(self, deps: ServerDeps) -> None:
        self._deps = deps

    async def add(self, request: web.Request) -> web.Response:
        """A new one, with the secret that signs what it is told."""
        body = await read_model(request, NewWebhook)
        principal = principal_of(request)
        made = await self._door().add(
            body.url, body.events, description=body.description,
            by=principal.name or principal.scope,
        )  # fmt: skip
        return web.json_response(made, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """The oldest first."""
        return web.json_response({"webhooks": await self._door().list()})

    async def remove(self, request: web.Request) -> web.Response:
        """From now on it is told nothing."""
        await self._door().remove(_part(request, "webhook"))
        return web.Response(status=204)

    async def enable(self, request: web.Request) -> web.Response:
        """One that was switched off because it answered 410."""
        return web.json_response(await self._door().enable(_part(request, "webhook")))

    async def test(self, request: web.Request) -> web.Response:
        """Tell it an event of type `test`."""
        return web.json_response(await self._door().test(_part(request, "webhook")), status=202)

    async def deliveries(self, request: web.Request) -> web.Response:
        """What it was told, and what waits or is dead."""
        status = request.query.get("status", "all")
        if status not in _STATUSES:
            raise InputError(f"status: one of {', '.join(_STATUSES)}")
        found = await self._door().deliveries(
            _part(request, "webhook"), status=None if status == "all" else status,
            limit=read_int(request, "limit", 50, low=1, high=200),
        )  # fmt: skip
        return web.json_response({"deliveries": found})

    async def replay(self, request: web.Request) -> web.Response:
        """Tell it once more."""
        door = self._door()
        told = await door.replay(_part(request, "webhook"), _part(request, "event"))
        return web.json_response(told, status=202)

    def _door(self) -> WebhookDoor:
        if self._deps.webhooks is None:
            raise Absent("no webhooks", public_text="this process keeps no webhooks")
        return self._deps.webhooks


def webhook_routes(deps: ServerDeps) -> list[Route]:
    """All of them."""
    hooks, one = Webhooks(deps), f"{_WEBHOOKS}/{{webhook}}"
    return [
        Route(
            "POST", _WEBHOOKS, hooks.add, "admin", "Tell another system what happens",
            takes=NewWebhook, gives=WebhookShape, answers=201, shown_once=("secret",),
        ),
        Route("GET", _WEBHOOKS, hooks.list, "admin", "All webhooks", gives=WebhookList),
        Route("DELETE", one, hooks.remove, "admin", "Tell it nothing more", answers=204),
        Route(
            "POST", f"{one}/enable", hooks.enable, "admin", "Tell it again", gives=WebhookShape
        ),
        Route(
            "POST", f"{one}/test", hooks.test, "admin", "Tell it a test",
            gives=DeliveryShape, answers=202,
        ),
        Route(
            "GET", f"{one}/deliveries", hooks.deliveries, "admin", "What it was told",
            gives=DeliveryList, query=(choice("status", *_STATUSES), "limit"),
        ),
        Route(
            "POST", f"{one}/deliveries/{{event}}/replay", hooks.replay, "admin",
            "Tell it an event once more", gives=DeliveryShape, answers=202,
        ),
    ]  # fmt: skip


def _part(request: web.Request, name: str) -> str:
    return request.match_info[name][:_LONGEST_ID]
