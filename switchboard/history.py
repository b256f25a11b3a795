"""The history of customers as this installation keeps it: in our own tables, or in the CRM.

Above: `roles`, `letters`. Below: `core.customers.history`, `switchboard.crm`.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from core.customers.crm.history import CrmHistory
from core.customers.crm.settings import CrmSettings
from core.customers.history.outbox import HistoryOutbox
from core.customers.history.ports import HistoryBook
from core.customers.history.sql import SqlHistory
from core.customers.history.writer import HistoryWriter
from core.runtime import Service
from switchboard.crm import CrmFetch, open_crm
from switchboard.wiring import Parts


def history_service(parts: Parts) -> Service:
    """The service that tells what waits. A CRM is spoken to over a line of its own, so that a
    route that fails there leaves what turns ask alone."""
    opened = open_crm(parts.settings.crm)
    book: HistoryBook = SqlHistory(parts.database)
    fetch: CrmFetch | None = None
    if opened is not None:
        client, fetch = opened
        book = CrmHistory(client)
    writer = HistoryWriter(
        HistoryOutbox(parts.database), book, parts.bus.log,
        link=lambda conversation: conversation_link(parts.settings.crm, conversation),
    )  # fmt: skip
    return _Closing(writer, fetch)


def conversation_link(settings: CrmSettings, conversation: str) -> str | None:
    """The address of a conversation in the console, if the house's own is known."""
    if settings.console_url is None:
        return None
    return f"{settings.console_url.rstrip('/')}/#/c/{quote(conversation, safe='')}"


class _Closing:
    """The writer, whose connections to the CRM are let go of at its end."""

    name = HistoryWriter.name

    def __init__(self, writer: HistoryWriter, fetch: CrmFetch | None) -> None:
        self._writer = writer
        self._fetch = fetch

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        try:
            await self._writer.run(stop, ready)
        finally:
            if self._fetch is not None:
                await self._fetch.close()
