"""The ticket of a conversation, where the log does not name one: the tickets know it themselves.

Above: `conversations`, `system`, `contacts`. Below: `core.tickets.book`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from core.errors import CustomerSystemError
from core.tickets.book import TicketBook

_log = structlog.get_logger("rest")


async def name_tickets(book: TicketBook | None, shapes: Sequence[dict[str, Any]]) -> None:
    """Fill in `ticket`. While tickets cannot be read it stays empty: the rest is still worth it."""
    unnamed = {shape["id"]: shape for shape in shapes if shape.get("ticket") is None}
    if book is None or not unnamed:
        return
    try:
        found = await book.of_conversations(unnamed.keys())
    except CustomerSystemError as error:
        _log.warning("tickets_not_named", error=str(error))
        return
    for name, number in found.items():
        unnamed[name]["ticket"] = number
