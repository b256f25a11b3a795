"""What is answered when a budget runs low: less and less, and never nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.conversation import TurnCommit
from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.steps import MemorySteps
from core.limits import Limits, OwnLimits
from core.messages import Address
from core.metering import Amount, Purse, Used
from core.specialists.asking import Price
from core.specialists.settings import ModelSettings
from core.telemetry import REGISTRY
from tests.fakes.claims import Pieces, Talk
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, Step, calls, says

QUESTION = "How do I reset my password?"
MODEL = says("Go to Settings and choose Reset [1].")
TEXT = "Go to Settings and choose Reset."
PROVIDER = {"name": "own", "model": "large", "small_model": "small", "small_price_in": 1.0}


class Counters:
    """Meters of one process, which count as the store does."""

    def __init__(self) -> None:
        self.hours: dict[str, int] = {}
        self.day = 0

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        if hour.tokens and self.hours.get(contact, 0) + amount.tokens > hour.tokens:
            return "contact_hour"
        if day.tokens and self.day + amount.tokens > day.tokens:
            return "day"
        await self.settle(contact, amount)
        return None

    async def settle(self, contact: str, difference: Amount) -> None:
        self.hours[contact] = self.hours.get(contact, 0) + difference.tokens
        self.day += difference.tokens

    async def used(self, contact: str) -> Used:
        return Used(hour=Amount(tokens=self.hours.get(contact, 0)), day=Amount(tokens=self.day))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("steps")
    write_config(made / "config")
    return made


@pytest.fixture
def knowledge() -> FakeKnowledge:
    found = passage("password", "Go to Settings and choose Reset.")
    return FakeKnowledge().knows("password", found)


async def build(
    folder: Path, knowledge: FakeKnowledge, *steps: Step, meters: Counters | None = None,
    shared: Limits | None = None, budget: Mapping[str, float] | None = None,
    price: Price = lambda model, tokens_in, tokens_out: 0.0,
) -> Engine:  # fmt: skip
    settings = {"max_steps": 3, "providers": [PROVIDER], "budget": budget or {}}
    return await build_engine(
        EngineSettings(turn_seconds=5.0), ModelSettings.model_validate(settings),
        EngineFiles(config=folder / "config", data=folder / "data"),
        embedder=WordEmbedder(), knowledge=knowledge, model=ScriptedModel(*steps), meters=meters,
        shared=shared, price=price,
    )  # fmt: skip


def talk_of(tokens: int = 0, text: str = QUESTION, **head: Any) -> Talk:
    talk = Talk().customer(text)
    place = Address(channel="web", chat="visitor-1")
    changes = {"tokens_used": tokens, "address": place, **head}
    talk.head = talk.head.model_copy(update=changes)
    return talk


async def play(engine: Engine, talk: Talk) -> tuple[TurnCommit, dict[str, Any]]:
    commit = await engine.turn.run(talk.claim(), Pieces(), MemorySteps())
    assert commit.receipt is not None
    assert [entry for entry in commit.entries if entry.kind == "message"], "never silence"
    return commit, commit.receipt


def model_of(engine: Engine) -> ScriptedModel:
    assert isinstance(engine.model, ScriptedModel)
    return engine.model


def counted(step: str, budget: str) -> float:
    labels = {"step": step, "budget": budget}
    return REGISTRY.get_sample_value("switchboard_degraded_turns_total", labels) or 0.0


async def test_while_there_is_enough_the_usual_model_answers(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    engine = await build(folder, knowledge, MODEL)
    _, receipt = await play(engine, talk_of(600_000))
    assert model_of(engine).requests[0].model is None and receipt["degraded"] is None


@pytest.mark.parametrize(("level", "tokens"), [(0, 700_000), (2, 3_600_000)])
async def test_from_a_share_of_a_limit_on_the_smaller_model_answers(
    folder: Path, knowledge: FakeKnowledge, level: int, tokens: int
) -> None:
    engine = await build(folder, knowledge, MODEL)
    before = counted("small_model", "conversation")
    commit, receipt = await play(engine, talk_of(tokens, contact="anna", level=level))
    assert model_of(engine).requests[0].model == "small"
    assert receipt["degraded"] == {"step": "small_model", "budget": "conversation"}
    assert commit.entries[0].text == TEXT
    assert counted("small_model", "conversation") == before + 1


@pytest.mark.parametrize(("purse", "limits"), [
    ("visitor", {"visitor_tokens": 8_000}), ("day", {"day_tokens": 8_000}),
])  # fmt: skip
async def test_shared_limits_lead_to_the_smaller_model_as_well(
    folder: Path, knowledge: FakeKnowledge, purse: str, limits: dict[str, int]
) -> None:
    meters = Counters()
    await meters.settle("visitor:web:default:visitor-1", Amount(tokens=5_700))
    engine = await build(folder, knowledge, MODEL, meters=meters, budget=limits)
    _, receipt = await play(engine, talk_of())
    assert receipt["degraded"] == {"step": "small_model", "budget": purse}


def a_tenth_if_small(model: str, tokens_in: int, tokens_out: int) -> float:
    return (tokens_in + tokens_out) * (0.1 if model == "small" else 1.0)


async def test_what_the_usual_model_would_overdraw_the_smaller_one_answers(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    """Little was spent, but the call itself may cost more than is left."""
    limits = {"conversation_money": 1_000.0}
    engine = await build(folder, knowledge, MODEL, budget=limits, price=a_tenth_if_small)
    commit, receipt = await play(engine, talk_of(contact="anna", level=2))
    assert [request.model for request in model_of(engine).requests] == ["small"]
    assert receipt["degraded"] == {"step": "small_model", "budget": "conversation"}
    assert commit.entries[0].text == TEXT


async def test_what_both_models_would_overdraw_none_is_asked(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    limits = {"conversation_money": 10.0}
    engine = await build(folder, knowledge, budget=limits, price=a_tenth_if_small)
    _, receipt = await play(engine, talk_of(contact="anna", level=2))
    assert model_of(engine).requests == []
    assert receipt["degraded"] == {"step": "passage", "budget": "conversation"}


async def test_an_empty_budget_gives_the_earlier_answer_else_the_passage_else_a_person(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    shared = OwnLimits()
    await play(await build(folder, knowledge, MODEL, shared=shared), talk_of())
    engine = await build(folder, knowledge, shared=shared)  # whatever it asks now is a fault
    again = talk_of(text="Hello").customer(QUESTION)
    again.cursor, again.head = 1, talk_of(2_000_000).head
    commit, receipt = await play(engine, again)
    assert receipt["degraded"] == {"step": "cache", "budget": "conversation"}
    assert (receipt["source"], commit.entries[0].text) == ("cache", TEXT)
    assert [item.document for item in commit.entries[0].citations] == ["password"]
    assert commit.tokens_used == 0

    commit, receipt = await play(engine, talk_of(2_000_000, "my password, how to reset it?"))
    assert receipt["degraded"] == {"step": "passage", "budget": "conversation"}
    assert "Settings" in commit.entries[0].text

    commit, receipt = await play(engine, talk_of(2_000_000, "The app crashes when I open it"))
    assert receipt["degraded"] == {"step": "human", "budget": "conversation"}
    assert receipt["outcome"] == "offer"


async def test_who_only_claims_to_be_somebody_spends_of_their_own(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    meters = Counters()
    engine = await build(folder, knowledge, MODEL, MODEL, meters=meters)
    await play(engine, talk_of(contact="anna", level=0))
    assert set(meters.hours) == {"visitor:web:default:visitor-1"}
    await play(engine, talk_of(contact="anna", level=2))
    assert meters.hours["anna"] == 110


# --- answers that are given again ---


async def test_the_same_question_is_answered_again_without_the_model(
    folder: Path, knowledge: FakeKnowledge
) -> None:
    shared = OwnLimits()
    engine = await build(folder, knowledge, MODEL, shared=shared)
    await play(engine, talk_of())
    commit, receipt = await play(engine, talk_of(text="how do i RESET my password"))
    assert (receipt["source"], receipt["degraded"]) == ("cache", None)
    assert commit.entries[0].text == TEXT and commit.entries[0].citations
    assert commit.tokens_used == 0 and len(model_of(engine).requests) == 1


async def test_a_changed_source_is_asked_about_anew(folder: Path, knowledge: FakeKnowledge) -> None:
    shared = OwnLimits()
    await play(await build(folder, knowledge, MODEL, shared=shared), talk_of())
    newer = FakeKnowledge().knows("password", passage("password", "Go to Profile, choose Reset."))
    engine = await build(folder, newer, says("Go to Profile [1]."), shared=shared)
    commit, receipt = await play(engine, talk_of())
    assert (commit.entries[0].text, receipt["source"]) == ("Go to Profile.", "model")


@pytest.mark.parametrize("case", ["second", "personal", "tool", "no passage"])
async def test_what_may_be_one_customers_own_is_neither_kept_nor_given(
    folder: Path, knowledge: FakeKnowledge, case: str
) -> None:
    steps = {"tool": [calls("offer_human", reason="x"), MODEL], "no passage": [says("Hello.")]}
    shared = OwnLimits()
    talk = talk_of(text=f"{QUESTION} I am ann@shop.example" if case == "personal" else QUESTION)
    if case == "second":
        talk = talk_of(text="Hello").customer(QUESTION)
        talk.cursor = 1
    engine = await build(folder, knowledge, *steps.get(case, [MODEL]), shared=shared)
    await play(engine, talk)
    fresh = await build(folder, knowledge, MODEL, shared=shared)
    _, receipt = await play(fresh, talk_of())
    assert receipt["source"] == "model", "nothing was kept"
