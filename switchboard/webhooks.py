"""Webhooks as the REST routes see them, and the service that tells them.

Above: `doors`, `roles`. Below: `core.webhooks`, `channels.webhooks`, `channels.egress`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from channels.egress import Egress
from channels.webhooks.sender import WebhookSender
from channels.webhooks.service import WebhookService
from core.errors import Conflict, InputError
from core.messages import Frozen, format_time
from core.webhooks.events import EVENT_TYPES, WebhookEvent
from core.webhooks.records import Delivery, Webhook
from core.webhooks.signing import secret_of
from core.webhooks.store import WebhookStore
from switchboard.wiring import Parts

_MOST = 50
_TIMES = ("created_at", "disabled_at", "due_at", "done_at")


class WebhookDoor:
    """`channels.rest.ports.WebhookDoor` over the store."""

    def __init__(self, store: WebhookStore, egress: Egress, *, house_secret: str) -> None:
        self._store = store
        self._egress = egress
        self._secret = house_secret

    async def add(
        self, url: str, events: Sequence[str], *, description: str, by: str
    ) -> dict[str, Any]:
        """See the port."""
        unknown = [name for name in events if name not in EVENT_TYPES]
        if unknown:
            known = ", ".join(name for name in EVENT_TYPES if name != "test")
            raise InputError(f"events: {unknown[0]!r} is none of {known}")
        await self._check(url)
        if len(await self._store.list()) >= _MOST:
            raise Conflict(f"there are {_MOST} webhooks already", code="too_many")
        made = await self._store.add(url, sorted(set(events)), description=description, by=by)
        return _plain(made) | {"secret": secret_of(self._secret, made.id)}

    async def _check(self, url: str) -> None:
        try:
            await self._egress.check(url)
        except InputError as error:
            mend = "hosts of your own network are named in SWITCHBOARD_WEBHOOKS__PRIVATE_HOSTS"
            raise InputError(f"{error}; {mend}") from error

    async def list(self) -> list[dict[str, Any]]:
        """See the port."""
        return [_plain(webhook) for webhook in await self._store.list()]

    async def remove(self, identifier: str) -> None:
        """See the port."""
        await self._store.remove(identifier)

    async def enable(self, identifier: str) -> dict[str, Any]:
        """See the port."""
        return _plain(await self._store.enable(identifier))

    async def test(self, identifier: str) -> dict[str, Any]:
        """See the port."""
        webhook = await self._store.get(identifier)
        event = WebhookEvent(
            id=f"msg_{secrets.token_hex(16)}", type="test", at=datetime.now(UTC),
            data={"webhook": webhook.id, "about": "a test: nothing happened"},
        )  # fmt: skip
        await self._store.put(webhook, event)
        found = await self._store.deliveries(webhook.id)
        return next(_plain(item) for item in found if item.event == event.id)

    async def deliveries(
        self, identifier: str, *, status: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """See the port."""
        webhook = await self._store.get(identifier)
        found = await self._store.deliveries(webhook.id, status=status, limit=limit)
        return [_plain(item) for item in found]

    async def replay(self, identifier: str, event: str) -> dict[str, Any]:
        """See the port."""
        webhook = await self._store.get(identifier)
        if webhook.disabled_at is not None:
            raise Conflict("it is switched off: enable it first", code="disabled")
        return _plain(await self._store.replay(webhook.id, event))


def open_webhook_door(parts: Parts) -> WebhookDoor:
    """What the REST routes work with."""
    hosts = parts.settings.webhooks.hosts
    return WebhookDoor(WebhookStore(parts.database), Egress(hosts), house_secret=parts.secret)


def webhook_service(parts: Parts) -> WebhookService:
    """The service that tells what waits."""
    settings = parts.settings.webhooks
    sender = WebhookSender(
        Egress(settings.hosts), house_secret=parts.secret, timeout_seconds=settings.timeout_seconds
    )
    return WebhookService(
        WebhookStore(parts.database), sender, at_once=settings.at_once,
        grace_seconds=parts.settings.grace_seconds,
    )  # fmt: skip


def _plain(value: Webhook | Delivery) -> dict[str, Any]:
    """JSON values; a delivery does not name its webhook again."""
    item: Frozen = value
    fields = item.model_dump(exclude={"webhook"})
    for name in _TIMES:
        if isinstance(at := fields.get(name), datetime):
            fields[name] = format_time(at)
    if "events" in fields:
        fields["events"] = list(fields["events"])
    return fields
