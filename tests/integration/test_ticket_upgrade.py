"""Tickets of an earlier version are found, filtered and followed after the upgrade as before it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alembic.command
import pytest
from alembic.config import Config
from sqlalchemy import Connection, text

from core.archive.database import MIGRATIONS, Database, open_database
from core.archive.settings import DatabaseSettings
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter

PLACE = "cv_00_0123456789abcdefghijkl"
AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
BEFORE = "0011_tokens"


def earlier(connection: Connection) -> None:
    """The tables as they were, with a ticket in them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, BEFORE)
    at: Any = AT if connection.dialect.name == "postgresql" else "2026-05-04 09:30:00.000000"
    connection.execute(
        text(
            "INSERT INTO tickets (number, key, conversation, contact, level, state, priority,"
            " subject, body, tags, created_at, updated_at) VALUES ('T-23456789', 'k', :place,"
            " 'eva', 1, 'resolved', 'high', 'Mlýnek', 'se NETOČÍ', :tags, :at, :at)"
        ),
        {"place": PLACE, "tags": json.dumps(["Pumpa", "vip"]), "at": at},
    )
    for position, state in ((1, "open"), (2, "resolved")):
        connection.execute(
            text(
                'INSERT INTO ticket_events (ticket, position, key, at, "by", note, state, priority)'
                " VALUES ('T-23456789', :position, :key, :at, 'ai', '', :state, NULL)"
            ),
            {"position": position, "key": f"k{position}", "at": at, "state": state},
        )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def bare(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    """A database without any table."""
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    settings = DatabaseSettings.model_validate({"data_dir": data_dir, "url": url})
    async with open_database(settings) as opened:
        yield opened


async def test_a_ticket_of_before_is_whole_after_the_upgrade(bare: Database) -> None:
    database = bare
    async with database.write() as connection:
        await connection.run_sync(earlier)
    await database.migrate()
    book = TicketBook(database)
    for wanted in (
        TicketFilter(q="netočí"), TicketFilter(tag="pumpa"), TicketFilter(conversation=PLACE),
        TicketFilter(assignee="", states=("resolved",)),
    ):  # fmt: skip
        assert [one.number for one in await book.browse(wanted)] == ["T-23456789"], wanted
    found = await book.get("T-23456789")
    assert [deed.kind for deed in found.history] == ["opened", "changed"]
    assert (found.tags, found.resolved_at, found.conversations) == (("Pumpa", "vip"), AT, (PLACE,))
