"""Puts events into the outbox of webhooks, in the transaction that archives them.

Above: the archive's follower. Below: `events`, `tables`. What is archived is told, once: an event
that is read again is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.inserting import insert_new
from core.bus.journal import JournalRecord
from core.webhooks.events import WebhookEvent, events_of
from core.webhooks.records import Webhook
from core.webhooks.tables import deliveries, webhooks


async def put_out(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
    """What the batch tells, for each webhook that wants it."""
    everyone = await read_webhooks(connection)
    if not everyone:
        return
    events = [event for record in batch for event in events_of(record)]
    await put_events(connection, everyone, events)


async def put_events(
    connection: AsyncConnection, everyone: Sequence[Webhook], events: Sequence[WebhookEvent]
) -> None:
    """These events, for each of these webhooks that wants them."""
    now = datetime.now(UTC)
    rows = [
        _row(webhook, event, now)
        for event in events
        for webhook in everyone
        if webhook.wants(event.type) or event.type == "test"
    ]
    await insert_new(connection, deliveries, rows)


async def read_webhooks(connection: AsyncConnection) -> list[Webhook]:
    """All of them, the oldest first."""
    query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id)
    rows = (await connection.execute(query)).mappings().all()
    return [Webhook.model_validate(dict(row)) for row in rows]


def _row(webhook: Webhook, event: WebhookEvent, now: datetime) -> dict[str, Any]:
    return {
        "webhook": webhook.id,
        "event": event.id,
        "type": event.type,
        "payload": event.payload(),
        "status": "waiting",
        "attempts": 0,
        "created_at": now,
        "due_at": now,
    }
