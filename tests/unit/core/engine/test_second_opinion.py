"""A language model decides what triage is unsure of, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.engine.decision import Near, TriageDecision
from core.engine.second_opinion import SecondOpinion
from core.engine.steps import MemorySteps
from core.engine.triage import Triage
from core.errors import ModelRefused, ModelTimeout
from tests.fakes.claims import Pieces, Talk
from tests.fakes.scripted_model import ScriptedModel, Step, fails, says
from tests.unit.core.engine.conftest import BuildEngine

UNSURE = "my invoice and the app"
ANSWER = {
    "kind": "question", "specialist": "technical", "intent": "general", "priority": "high",
    "sentiment": "frustrated", "confidence": 0.8, "quote": "the app",
}  # fmt: skip


def answer(**changes: Any) -> Step:
    return says(json.dumps({**ANSWER, **changes}))


async def opened(build: BuildEngine, *steps: Step) -> tuple[Triage, ScriptedModel, list[float]]:
    """Triage with a second opinion, its model, and a clock to turn."""
    engine = await build()
    clock = [0.0]
    model = ScriptedModel(*steps)
    second = SecondOpinion(model, engine.registry, seconds=1.0, clock=lambda: clock[0])
    engine.triage.ask_when_unsure(second)
    return engine.triage, model, clock


async def test_an_unsure_message_is_decided_by_the_model(build: BuildEngine) -> None:
    triage, model, _ = await opened(build, answer())
    decision = await triage.decide(UNSURE)
    assert (decision.source, decision.specialist, decision.score) == ("llm", "technical", 0.8)
    assert (decision.priority, decision.sentiment) == ("high", "frustrated")
    first = decision.evidence[0]
    assert first == Near(text="the app", label="llm/technical/general", similarity=1.0)
    assert decision.intents[0].specialist == "technical"
    asked = model.requests[0]
    assert UNSURE in asked.messages[1]["content"]
    model.assert_done()


async def test_what_it_cost_is_part_of_what_the_turn_costs(build: BuildEngine) -> None:
    engine = await build(says("Choose Reset in Settings."))

    def price(_: str, tokens_in: int, tokens_out: int) -> float:
        return tokens_in * 0.1 + tokens_out

    model = ScriptedModel(answer())
    opinion = SecondOpinion(model, engine.registry, seconds=1.0, price=price)
    engine.triage.ask_when_unsure(opinion)
    commit = await engine.turn.run(Talk().customer(UNSURE).claim(), Pieces(), MemorySteps())
    assert commit.receipt is not None and commit.receipt["triage"]["source"] == "llm"
    assert commit.receipt["tokens"] == {"in": 200, "out": 20}
    assert (commit.tokens_used, commit.cost, commit.receipt["cost"]) == (220, 20.0, 20.0)


async def test_a_sure_message_costs_no_call(build: BuildEngine) -> None:
    triage, model, _ = await opened(build, answer())
    decision = await triage.decide("I was charged twice on my invoice")
    assert decision.source == "embedding" and not model.requests


async def test_a_quote_that_was_not_said_is_no_evidence(build: BuildEngine) -> None:
    triage, _, _ = await opened(build, answer(quote="give me a refund", intent="nonsense"))
    decision = await triage.decide(UNSURE)
    assert decision.intent == "general"
    assert all(not near.label.startswith("llm/") for near in decision.evidence)


async def test_the_model_may_turn_a_message_away(build: BuildEngine) -> None:
    triage, _, _ = await opened(build, answer(kind="out_of_scope"))
    decision = await triage.decide(UNSURE)
    assert decision.kind == "out_of_scope" and decision.intents == ()


@pytest.mark.parametrize(
    "step", [fails(ModelTimeout()), says("I think it is billing"), answer(specialist="nobody")]
)
async def test_without_a_usable_answer_the_first_decision_stands(
    build: BuildEngine, step: Step
) -> None:
    plain: TriageDecision = await (await build()).triage.decide(UNSURE)
    triage, model, _ = await opened(build, step)
    assert await triage.decide(UNSURE) == plain
    assert len(model.requests) == 1


async def test_a_server_that_takes_no_schema_is_asked_in_words(build: BuildEngine) -> None:
    triage, model, _ = await opened(build, fails(ModelRefused()), answer())
    assert (await triage.decide(UNSURE)).source == "llm"
    assert "JSON Schema" in model.requests[1].messages[0]["content"]


async def test_a_server_that_answers_nonsense_is_left_alone_for_a_while(
    build: BuildEngine,
) -> None:
    triage, model, clock = await opened(build, says("hm"), answer())
    assert (await triage.decide(UNSURE)).source == "embedding"
    assert (await triage.decide(UNSURE)).source == "embedding"
    assert len(model.requests) == 1
    clock[0] = 601.0
    assert (await triage.decide(UNSURE)).source == "llm"
