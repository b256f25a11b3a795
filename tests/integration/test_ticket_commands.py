"""`switchboard ticket …` against a gateway that runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.archive.database import Database
from core.bus.connect import Bus
from core.errors import SwitchboardError
from core.messages import Address
from core.tickets.book import TicketBook
from switchboard import attach
from switchboard.cli import app
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors


class Terminal:
    """Commands as a person types them; they run beside the gateway, in a thread of their own."""

    def __init__(self, doors: Doors, folder: Path) -> None:
        self._options = ["--url", doors.url, "--token", ADMIN, "--data", str(folder)]

    async def run(self, *words: str) -> Any:
        """What it prints as JSON."""
        return json.loads((await self.text(*words, "--json")).splitlines()[-1])

    async def text(self, *words: str) -> str:
        """What it prints for people. Raises what it dies of."""
        line = ["ticket", *words, *self._options]

        def work() -> str:
            outcome = CliRunner().invoke(app, line, catch_exceptions=False)
            assert outcome.exit_code == 0, outcome.output
            return outcome.output

        return await asyncio.to_thread(work)


@pytest.fixture
async def terminal(
    bus: Bus, database: Database, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Terminal]:
    monkeypatch.setattr(attach, "configure_logging", lambda **_: None)  # pyright: ignore[reportUnknownLambdaType]
    monkeypatch.setenv("COLUMNS", "200")
    deps = replace(list_deps(bus), tickets=TicketBook(database))
    async with open_doors(bus, deps=deps) as doors:
        yield Terminal(doors, data_dir)


async def test_a_ticket_s_whole_life_from_the_terminal(terminal: Terminal, bus: Bus) -> None:
    talk = await bus.log.create(Address(channel="rest", chat=""))
    made = await terminal.run(
        "create", "It leaks", "--body", "Since Monday.", "--priority", "high", "--tag", "pump",
        "--conversation", talk,
    )  # fmt: skip
    number: str = made["id"]
    assert (await terminal.run("assign", number, "Eva"))["assignee"] == "Eva"
    tagged = await terminal.run("tag", number, "brook", "vip", "--remove", "PUMP")
    assert tagged["tags"] == ["brook", "vip"]
    assert (await terminal.run("reply", number, "Hello!"))["history"][-1]["note"] == "Hello!"
    await terminal.run("reply", number, "Careful.", "--internal")
    assert [entry.kind for entry in await bus.log.entries(talk)] == ["message", "note"]
    assert (await terminal.run("status", number, "pending"))["status"] == "pending"
    assert (await terminal.run("close", number, "--note", "Done."))["status"] == "closed"
    with pytest.raises(SwitchboardError, match="cannot become pending"):
        await terminal.run("status", number, "pending")
    assert (await terminal.run("reopen", number))["status"] == "open"
    listed = await terminal.run("list", "--status", "open", "--status", "pending", "-q", "LEAKS")
    assert [one["id"] for one in listed["tickets"]] == [number]
    table = await terminal.text("list", "--assignee", "Eva")
    assert all(word in table for word in (number, "It leaks", "brook, vip", "Eva", "runs"))
    shown = await terminal.text("show", number)
    assert "status: pending → closed" in shown
    assert "note (internal) Careful." in shown


async def test_duplicates_are_found_joined_and_parted(terminal: Terminal) -> None:
    first = await terminal.run("create", "The grinder is stuck", "--contact", "eva")
    second = await terminal.run("create", "Grinder is stuck", "--contact", "eva")
    assert first["id"] in await terminal.text("duplicates", second["id"])
    whole = await terminal.run("merge", second["id"], first["id"])
    assert whole["links"] == [{"kind": "duplicate", "ticket": second["id"]}]
    assert await terminal.run("duplicates", first["id"]) == []
    parted = await terminal.run("merge", second["id"], first["id"], "--undo")
    assert (parted["id"], parted["status"]) == (second["id"], "open")
