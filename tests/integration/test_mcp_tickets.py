"""Tickets by MCP: opened and moved when it is meant, with the rights of the token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from channels.mcp.settings import McpSettings
from core.archive.database import Database
from core.bus.connect import Bus
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter
from switchboard.mcp import mcp_door
from tests.fakes.gateway import Doors, list_deps, open_doors
from tests.integration.test_mcp import call, client, talk


@pytest.fixture
async def doors(bus: Bus, database: Database) -> AsyncGenerator[Doors]:
    deps = replace(list_deps(bus), tickets=TicketBook(database))
    opened = mcp_door(deps.tokens, McpSettings(), "1.2.3")
    assert opened is not None
    door, api = opened
    async with open_doors(bus, deps=replace(deps, mcp=door)) as running:
        api.url = running.url
        yield running


async def test_a_ticket_is_opened_noted_and_moved(doors: Doors, database: Database) -> None:
    book, name = TicketBook(database), await talk(doors)
    given = {"subject": "It leaks", "text": "Since Monday.", "conversation": name}
    async with client(doors) as opened:
        failed, rehearsed = await call(opened, "open_ticket", **given)
        assert (failed, rehearsed["dry_run"]) == (False, True)
        assert await book.browse(TicketFilter()) == []
        failed, made = await call(opened, "open_ticket", **given, dry_run=False)
        assert not failed, made
        number = made["ticket"]["id"]
        failed, moved = await call(
            opened, "update_ticket", ticket=number, status="closed", note="Called.", dry_run=False
        )
        assert not failed, moved
        failed, told = await call(
            opened, "update_ticket", ticket=number, status="pending", dry_run=False
        )
        assert failed
        assert "cannot become pending" in told
    kept = await book.get(number)
    assert (kept.body, kept.conversation, kept.state) == ("Since Monday.", name, "closed")
    assert [(deed.note, deed.internal) for deed in kept.history if deed.note] == [("Called.", True)]
