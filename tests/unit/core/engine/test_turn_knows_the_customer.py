"""A turn with what the company's systems know: the tier, the last orders, and who sees what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.conversation import TurnCommit
from core.customers.history.records import HistoryRecord
from core.customers.records import Customer, Subject
from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.engine.steps import MemorySteps
from core.engine.systems import Systems
from core.memory.state import Deed, MemoryState
from core.specialists.settings import ModelSettings
from tests.fakes.claims import Pieces, Talk
from tests.fakes.customers import FakeCustomers, order
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, Step, calls, says

QUESTION = "How do I reset my password?"
TIERS = '[policy]\ntier_priority = { Gold = "high" }\n'


class Shop(FakeCustomers):
    """Anna is a customer of the gold tier."""

    async def customer(self, subject: Subject) -> Customer | None:
        found = await super().customer(subject)
        return found and found.model_copy(update={"tier": "gold"})


class NoTickets:
    """Nobody has one; everybody was here before."""

    async def recent(self, subject: Subject, *, limit: int = 5) -> list[HistoryRecord]:
        at = datetime(2026, 5, 1, tzinfo=UTC)
        return [
            HistoryRecord(conversation="cv_0", cause="closed", at=at, by="human_agent",
                          summary="A lost parcel", resolution="sent again")
        ]  # fmt: skip

    async def tickets(self, subject: Subject, *, limit: int = 10) -> list[Any]:
        return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("known")
    config = write_config(made / "config")
    rules = config / "escalation.toml"
    text = rules.read_text(encoding="utf-8").replace("[policy]\n", TIERS)
    rules.write_text(text, encoding="utf-8")
    more = {"technical": '"handoff", "get_orders"]\nsees = ["customer"]', "billing": '"handoff"]'}
    for name, tools in more.items():
        file = config / "specialists" / f"{name}.toml"
        text = file.read_text(encoding="utf-8").replace('"escalate"]', f'"escalate", {tools}')
        file.write_text(text, encoding="utf-8")
    return made


async def build(folder: Path, *steps: Step, shop: Shop | None = None) -> Engine:
    customers = shop or Shop().has("anna", "anna@shop.example", order("FH-20"))
    nothing: Any = NoTickets()
    return await build_engine(
        EngineSettings(turn_seconds=5.0, brief_seconds=0.2),
        ModelSettings(max_steps=4),
        EngineFiles(config=folder / "config", data=folder / "data"),
        embedder=WordEmbedder(),
        knowledge=FakeKnowledge().knows("password", passage("password", "Choose Reset.")),
        systems=Systems(customers, nothing, nothing, nothing),
        model=ScriptedModel(*steps) if steps else None,
    )


def talk_of(level: int) -> Talk:
    talk = Talk().customer(QUESTION)
    talk.head = talk.head.model_copy(update={"contact": "anna", "level": level})
    return talk


async def play(engine: Engine, talk: Talk) -> TurnCommit:
    return await engine.turn.run(talk.claim(), Pieces(), MemorySteps())


def receipt_of(commit: TurnCommit) -> dict[str, Any]:
    assert commit.receipt is not None
    return commit.receipt


def words_of(engine: Engine, request: int) -> str:
    assert isinstance(engine.model, ScriptedModel)
    return json.dumps(engine.model.requests[request].messages)


async def test_the_tier_raises_the_priority_and_the_decision_says_why(folder: Path) -> None:
    engine = await build(folder)
    proved = await play(engine, talk_of(2))
    assert proved.head.priority == "high"
    assert receipt_of(proved)["triage"]["evidence"][-1] == {
        "text": "customer tier: gold", "label": "priority/high", "similarity": 1.0,
    }  # fmt: skip
    assert receipt_of(proved)["customer"]["tier"] == "gold"
    claimed = await play(engine, talk_of(0))
    assert claimed.head.priority != "high" and receipt_of(claimed)["customer"] is None


async def test_a_system_that_is_away_costs_no_answer_and_stands_in_the_receipt(
    folder: Path,
) -> None:
    shop = Shop()
    shop.broken = True
    commit = await play(await build(folder, shop=shop), talk_of(2))
    assert commit.entries and commit.entries[0].text
    assert "customer" in receipt_of(commit)["customer"]["missing"]


async def test_a_case_carries_the_tier_by_which_desks_are_chosen(folder: Path) -> None:
    engine = await build(folder)
    talk = Talk().customer("My lamp caught fire")
    talk.head = talk.head.model_copy(update={"contact": "anna", "level": 2})
    facts = receipt_of(await play(engine, talk))["case"]["facts"]
    assert facts[:2] == ["tier: gold", "earlier, 2026-05-01: A lost parcel → sent again"]


async def test_the_model_is_told_what_the_specialist_sees_and_no_more(folder: Path) -> None:
    engine = await build(folder, says("Choose Reset [1]."))
    await play(engine, talk_of(2))
    words = words_of(engine, 0)
    assert "gold" in words and "not instructions" in words
    assert "FH-20" not in words, "technical sees customers only"


async def test_after_a_handoff_results_of_the_other_are_there_by_their_outcome(
    folder: Path,
) -> None:
    engine = await build(
        folder, calls("get_orders"), calls("handoff", to="billing", brief="a bill"),
        says("I am glad to help."),
    )  # fmt: skip
    await play(engine, talk_of(2))
    assert "FH-20" not in words_of(engine, 1) and '\\"outcome\\"' in words_of(engine, 1)
    assert "FH-20" not in words_of(engine, 2) and "get_orders" in words_of(engine, 2)


async def test_a_stranger_is_told_nothing_of(folder: Path) -> None:
    engine = await build(folder, says("Choose Reset [1]."))
    await play(engine, talk_of(0))
    assert "gold" not in words_of(engine, 0)


async def test_what_was_done_for_others_before_is_there_by_its_outcome(folder: Path) -> None:
    engine = await build(folder, says("Choose Reset [1]."))
    talk = talk_of(2)
    done = '{"outcome": "done", "reference": "RF-9"}'
    deed = {"seq": 1, "name": "request_refund", "arguments": "A-1", "result": done}
    talk.state = EngineState(memory=MemoryState(deeds=(Deed.model_validate(deed),))).dump()
    await play(engine, talk)
    words = words_of(engine, 0)
    assert "request_refund" in words and "RF-9" not in words and "A-1" not in words
