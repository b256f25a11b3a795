"""A worker dies over a turn with a model; on the real store the next one goes on from there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.conversation import Claim, NotClaimed
from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.steps import LogSteps
from core.errors import LeaseLost
from core.ids import ConversationId, client_event_id
from core.messages import Address, Author, InboundEvent
from core.specialists.settings import ModelSettings
from tests.fakes.claims import Pieces
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, calls, hangs, says

LEASE_MS = 5_000
ANSWER = "Choose Reset in Settings."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("resumed")
    write_config(made / "config")
    return made


@pytest.fixture
async def engine(folder: Path) -> Engine:
    """Looks something up, then never answers; whoever asks again gets the answer."""
    model = ScriptedModel(calls("search_knowledge", query="card"), hangs(), says(ANSWER))
    knowledge = (
        FakeKnowledge()
        .knows("password", passage("password", "Open Settings and choose Reset."))
        .knows("card", passage("card", "Add a new card under Billing."))
    )
    return await build_engine(
        EngineSettings(), ModelSettings(),
        EngineFiles(config=folder / "config", data=folder / "data"),
        embedder=WordEmbedder(), knowledge=knowledge, model=model,
    )  # fmt: skip


async def ask(bus: Bus) -> ConversationId:
    """A customer asks."""
    name = await bus.log.create(Address(channel="web", chat="visitor"))
    event = InboundEvent(
        id=client_event_id("web", name, "1"), conversation=name,
        address=Address(channel="web", chat="visitor"), author=Author(role="customer"),
        text="How do I reset my password?",
    )  # fmt: skip
    await bus.log.accept(event)
    return name


async def claim(bus: Bus, name: ConversationId) -> Claim:
    """The claim, whoever held it before."""
    wake = await bus.calls.command("HGET", ConversationKeys.of(name).head, "w:engine")
    got = await bus.log.claim("engine", name, wake.decode(), lease_ms=LEASE_MS, force=True)
    assert not isinstance(got, NotClaimed), got
    return got


def model_of(engine: Engine) -> ScriptedModel:
    assert isinstance(engine.model, ScriptedModel)
    return engine.model


async def die_over(engine: Engine, bus: Bus, first: Claim) -> None:
    """Run the turn until the model hangs, then end the worker."""
    steps = LogSteps(bus.log, first)
    turn = asyncio.ensure_future(engine.turn.run(first, Pieces(), steps))
    async with asyncio.timeout(20):
        while len(model_of(engine).requests) < 2:
            await asyncio.sleep(0.01)
    turn.cancel()
    await asyncio.wait([turn])


async def test_the_next_worker_asks_only_for_what_is_missing(engine: Engine, bus: Bus) -> None:
    name = await ask(bus)
    first = await claim(bus, name)
    await die_over(engine, bus, first)
    assert (await bus.log.head(name)).steps == 1
    second = await claim(bus, name)
    commit = await engine.turn.run(second, Pieces(), LogSteps(bus.log, second))
    assert (await bus.log.commit(second, commit)).outcome == "ok"
    requests = model_of(engine).requests
    assert len(requests) == 3 and requests[2].messages[-1]["role"] == "tool"
    assert requests[2].messages == requests[1].messages
    assert (await bus.log.entries(name))[-1].text == ANSWER
    assert (await bus.log.head(name)).steps == 0, "the commit clears the record"


async def test_a_worker_that_comes_back_too_late_records_and_changes_nothing(
    engine: Engine, bus: Bus
) -> None:
    name = await ask(bus)
    first = await claim(bus, name)
    await claim(bus, name)
    with pytest.raises(LeaseLost):
        await engine.turn.run(first, Pieces(), LogSteps(bus.log, first))
    assert len(model_of(engine).requests) == 1
    assert [entry.author.role for entry in await bus.log.entries(name)] == ["customer"]
