"""A worker dies between opening a ticket and recording that it did: there is one ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.approvals.store import ApprovalStore
from core.archive.database import Database
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.conversation import Claim
from core.customers.limits import RefundLimits
from core.customers.sql import SqlCustomers
from core.engine.open import EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.steps import LogSteps
from core.engine.systems import Systems
from core.ids import ConversationId, client_event_id
from core.messages import Address, Author, InboundEvent
from core.specialists.settings import ModelSettings
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter
from core.tickets.records import Actor, TicketChange
from tests.fakes.claims import Pieces
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder
from tests.fakes.scripted_model import ScriptedModel, calls, says

HELD = 'tools = ["search_knowledge", "offer_human", "escalate"]'


class Killed(BaseException):
    """The worker's process ends here."""


class DyingSteps(LogSteps):
    """The worker dies when it wants to record what its tool did."""

    async def record(self, step: dict[str, Any]) -> None:
        """What it is about to do is recorded, what came of it is not."""
        if step["kind"] == "round":
            raise Killed
        await super().record(step)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_config(tmp_path / "config")
    for file in (tmp_path / "config" / "specialists").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        assert HELD in text
        file.write_text(text.replace(HELD, 'tools = ["create_ticket"]'), encoding="utf-8")
    return tmp_path


async def test_a_ticket_whose_worker_died_before_it_recorded_it_is_not_opened_again(
    folder: Path, bus: Bus, database: Database
) -> None:
    book = TicketBook(database)
    model = ScriptedModel(
        calls("create_ticket", subject="App shows an error"),
        says("I have opened a ticket for it."),
    )
    engine = await build_engine(
        EngineSettings(), ModelSettings(),
        EngineFiles(config=folder / "config", data=folder / "data"),
        embedder=WordEmbedder(), knowledge=FakeKnowledge(), model=model,
        systems=Systems(SqlCustomers(database, RefundLimits()), book, ApprovalStore(database)),
    )  # fmt: skip
    name = await bus.log.create(Address(channel="web", chat="visitor"))
    event = InboundEvent(
        id=client_event_id("web", name, "1"), conversation=name, author=Author(role="customer"),
        address=Address(channel="web", chat="visitor"), text="The app shows an error on start.",
    )  # fmt: skip
    await bus.log.accept(event)
    first = await claim(bus, name)
    with pytest.raises(Killed):
        await engine.turn.run(first, Pieces(), DyingSteps(bus.log, first))
    (opened,) = await book.browse(TicketFilter(conversation=name))
    assert (await bus.log.head(name)).steps == 1, "that it would, not that it did"
    # What still is open under that subject would be given anyway; this one is not.
    done = TicketChange(state="closed")
    await book.change(opened.number, done, by=Actor(name="Ann"), key="ann")
    second = await claim(bus, name)
    commit = await engine.turn.run(second, Pieces(), LogSteps(bus.log, second))
    assert (await bus.log.commit(second, commit)).outcome == "ok"
    (found,) = await book.browse(TicketFilter(conversation=name))
    assert (found.number, found.subject) == (opened.number, "App shows an error")
    told = [message for message in model.requests[-1].messages if message["role"] == "tool"]
    assert opened.number in told[-1]["content"], "the model is told the number of the first"


async def claim(bus: Bus, name: ConversationId) -> Claim:
    """The claim, whoever held it before."""
    wake = await bus.calls.command("HGET", ConversationKeys.of(name).head, "w:engine")
    got = await bus.log.claim("engine", name, wake.decode(), lease_ms=5_000, force=True)
    assert isinstance(got, Claim), got
    return got
