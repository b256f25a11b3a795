"""Turns in which specialists hand over, budgets run out, or a worker died over them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from core.conversation import TurnCommit
from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.steps import MemorySteps
from core.errors import ModelError
from core.messages import Entry
from core.metering import Amount, Purse, Used
from core.ports import LanguageModel
from core.specialists.settings import ModelSettings
from tests.fakes.claims import Pieces, Talk
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, Step, calls, calls_many, fails, says

QUESTION = "How do I reset my password?"
PASSAGE = "Open Settings and choose Reset. It takes 5 minutes."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config in which everybody may hand over and consult."""
    made = tmp_path_factory.mktemp("several")
    write_config(made / "config")
    for file in (made / "config" / "specialists").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        more = '"escalate", "handoff"]'
        file.write_text(text.replace('"escalate"]', more), encoding="utf-8")
    return made


async def build(folder: Path, *steps: Step, model: Any = None, **more: Any) -> Engine:
    chosen: LanguageModel = model or ScriptedModel(*steps)
    return await build_engine(
        EngineSettings(turn_seconds=5.0),
        ModelSettings(max_steps=4),
        EngineFiles(config=folder / "config", data=folder / "data"),
        embedder=WordEmbedder(),
        knowledge=FakeKnowledge().knows("password", passage("password", PASSAGE)),
        model=chosen,
        **more,
    )


async def play(
    engine: Engine, talk: Talk, steps: MemorySteps | None = None
) -> tuple[TurnCommit, Entry]:
    commit = await engine.turn.run(talk.claim(), Pieces(), steps or MemorySteps())
    (entry,) = talk.apply(commit)
    return commit, entry


def to(name: str) -> Step:
    return calls("handoff", to=name, brief="wants an invoice")


async def test_after_a_handoff_the_other_one_answers_is_stored_and_shown(folder: Path) -> None:
    engine = await build(folder, to("billing"), says("I am glad to help."), says("Sure."))
    talk = Talk().customer(QUESTION)
    commit, entry = await play(engine, talk)
    assert entry.author.specialist == "billing" == talk.head.specialist
    assert commit.receipt is not None
    assert commit.receipt["path"] == [
        {"specialist": "technical", "by": "triage"},
        {"specialist": "billing", "by": "handoff", "from": "technical",
         "brief": "wants an invoice"},
    ]  # fmt: skip
    assert commit.receipt["calls"] == 2 and commit.tokens_used == 220
    commit, entry = await play(engine, talk.customer("ok and what now please"))
    assert entry.author.specialist == "billing"


async def test_the_customer_is_not_handed_back_soon(folder: Path) -> None:
    refused = calls_many(("handoff", {"to": "technical"}))
    engine = await build(
        folder, to("billing"), says("I am glad to help."), refused, says("I will help you here.")
    )
    talk = Talk().customer(QUESTION)
    await play(engine, talk)
    commit, entry = await play(engine, talk.customer("ok and what now please"))
    assert entry.author.specialist == "billing"
    assert commit.receipt is not None
    assert "has just handed" in commit.receipt["tools"][0]["result"]
    assert [step["by"] for step in commit.receipt["path"]] == ["active"]


class Full:
    """Meters that refuse."""

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        """See `core.metering.Meters`."""
        return "day"

    async def settle(self, contact: str, difference: Amount) -> None:
        """See `core.metering.Meters`."""

    async def used(self, contact: str) -> Used:
        """See `core.metering.Meters`."""
        return Used()


async def test_over_budget_the_answer_comes_without_a_model_and_says_why(folder: Path) -> None:
    engine = await build(folder, says("never"), meters=Full())
    commit, entry = await play(engine, Talk().customer(QUESTION))
    assert entry.text == PASSAGE
    assert commit.receipt is not None
    assert commit.receipt["fallback"] == "budget_day" and commit.receipt["budget"] == "day"
    assert commit.tokens_used == 0


class Dying(MemorySteps):
    """The worker dies after its first record."""

    async def record(self, step: dict[str, Any]) -> None:
        """See `StepJournal`."""
        await super().record(step)
        raise asyncio.CancelledError


async def died(engine: Engine, talk: Talk, *, acted: bool) -> MemorySteps:
    dying = Dying()
    with pytest.raises(asyncio.CancelledError):
        await engine.turn.run(talk.claim(), Pieces(), dying)
    for step in dying.steps:
        step["left"]["acted"] = acted
    return MemorySteps(dying.steps)


async def test_a_turn_that_acted_is_finished_as_it_was_and_the_rest_is_the_next_turns(
    folder: Path,
) -> None:
    engine = await build(folder, calls("search_knowledge", query="password"), says("Choose Reset."))
    talk = Talk().customer(QUESTION)
    steps = await died(engine, talk, acted=True)
    commit = await engine.turn.run(talk.customer("And another thing").claim(), Pieces(), steps)
    assert commit.seen == 1 and commit.acted
    assert commit.entries[0].in_reply_to == 1
    assert isinstance(engine.model, ScriptedModel)
    engine.model.assert_done()


async def test_a_turn_that_never_acted_begins_anew_with_all_there_is(folder: Path) -> None:
    look = calls("search_knowledge", query="password")
    engine = await build(folder, look, says("Choose Reset in Settings."))
    talk = Talk().customer(QUESTION)
    steps = await died(engine, talk, acted=False)
    commit, _ = await play(engine, talk.customer("It is my password"), steps)
    assert commit.seen is None and not commit.acted
    assert isinstance(engine.model, ScriptedModel)
    assert engine.model.requests[1].messages[-1]["role"] == "user", "nothing was replayed"


async def test_a_turn_without_news_goes_on_where_it_was(folder: Path) -> None:
    look = calls("search_knowledge", query="password")
    engine = await build(folder, look, says("Choose Reset in Settings."))
    talk = Talk().customer(QUESTION)
    steps = await died(engine, talk, acted=False)
    commit, _ = await play(engine, talk, steps)
    assert commit.seen is None
    assert isinstance(engine.model, ScriptedModel)
    assert engine.model.requests[1].messages[-1]["role"] == "tool", "the round was replayed"
    assert commit.receipt is not None and len(commit.receipt["tools"]) == 1


async def test_what_a_model_set_going_before_it_failed_still_counts(folder: Path) -> None:
    dead = fails(ModelError(code="model_connection"))
    engine = await build(folder, calls("escalate", reason="locked out"), dead)
    talk = Talk().customer(QUESTION)
    commit = await engine.turn.run(talk.claim(), Pieces(), MemorySteps())
    assert commit.entries[0].text == "en:escalated"
    assert commit.entries[1].action == "escalate" and commit.head.owner == "human"
    engine = await build(folder, calls("offer_human"), dead)
    _, entry = await play(engine, Talk().customer(QUESTION))
    assert entry.text.startswith(PASSAGE)
    assert [button.value for button in entry.parts[0].buttons] == ["human", "human:no"]


async def test_an_act_that_the_model_can_no_longer_tell_of_is_told_by_a_person(
    folder: Path,
) -> None:
    look = calls("search_knowledge", query="password")
    engine = await build(folder, look, fails(ModelError(code="model_connection")))
    talk = Talk().customer(QUESTION)
    steps = await died(engine, talk, acted=True)
    commit = await engine.turn.run(talk.claim(), Pieces(), steps)
    assert commit.acted and commit.head.owner == "human"
    assert commit.receipt is not None and commit.receipt["escalation"]["reason"] == "failure"


async def test_from_turn_to_turn_a_request_begins_with_the_same_bytes(folder: Path) -> None:
    questions = (QUESTION, "And where do I reset my password on the phone?", "My login fails again")
    engine = await build(folder, *(says(f"Choose Reset, way {way}.") for way in ("a", "b", "c")))
    talk = Talk()
    for question in questions:
        await play(engine, talk.customer(question))
    assert isinstance(engine.model, ScriptedModel)
    one, two, three = (request.messages for request in engine.model.requests)
    said = [message for message in two if message["role"] in {"user", "assistant"}]
    assert json.dumps(two[:1]) == json.dumps(one[:1]) == json.dumps(three[:1])
    assert json.dumps(three[1 : 1 + len(said)]) == json.dumps(said)
    tools = [request.tools for request in engine.model.requests]
    assert tools[0] == tools[1] == tools[2]
