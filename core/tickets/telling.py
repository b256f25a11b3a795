"""Tells other systems what happens to tickets, in the transaction in which it happens.

Above: `writing`. Below: the outbox of webhooks. A deed that is repeated under its key is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.tickets.tables import tickets
from core.webhooks.events import event_of_ticket
from core.webhooks.outbox import put_events, read_webhooks


async def tell(connection: AsyncConnection, line: Mapping[str, Any]) -> None:
    """A new line of a ticket's history, for each webhook that wants it."""
    everyone = await read_webhooks(connection)
    if not everyone:
        return
    place = select(tickets.c.conversation).where(tickets.c.number == line["ticket"])
    conversation = (await connection.execute(place)).scalar_one_or_none() or ""
    await put_events(connection, everyone, [event_of_ticket(line, conversation)])
