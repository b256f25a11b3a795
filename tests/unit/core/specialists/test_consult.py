"""A specialist asks a colleague: read-only, one hop, with a budget; the answer is evidence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.ports import ModelChunk
from tests.fakes.loop_rig import LoopRig
from tests.fakes.scripted_model import ScriptedModel, Step, calls, calls_many, says


def ask(name: str, question: str = "What does order 1 cost?") -> Step:
    return calls("consult", specialist=name, question=question)


def rig_of(folder: Path, *steps: Step, **settings: Any) -> tuple[LoopRig, ScriptedModel]:
    model = ScriptedModel(*steps)
    return LoopRig(folder, model, **settings), model


async def test_the_answer_of_a_colleague_is_evidence_with_an_author(tmp_path: Path) -> None:
    rig, model = rig_of(
        tmp_path, ask("general"), calls("get_orders", number="1"),
        says("It costs 49.90 EUR."), says("Your order costs 49.90 EUR."),
    )  # fmt: skip
    answer = await rig.answer()
    assert answer.specialist == "billing" and answer.text == "Your order costs 49.90 EUR."
    assert rig.pieces.shown == ["Your order costs 49.90 EUR."], "the customer saw nothing else"
    record = rig.bench.ledger[-1]
    assert record.name == "consult"
    assert json.loads(record.result) == {"from": "general", "answer": "It costs 49.90 EUR."}
    assert "get_orders" in [line.name for line in rig.bench.ledger]
    model.assert_done()


async def test_a_colleague_may_only_read_and_hears_only_the_question(tmp_path: Path) -> None:
    rig, model = rig_of(tmp_path, ask("general"), says("No idea."), says("I do not know that."))
    await rig.answer()
    consulted = model.requests[1]
    assert consulted.tools == ["get_orders"]
    assert "You are general" in consulted.messages[0]["content"]
    assert "A colleague asks you" in consulted.messages[0]["content"]
    assert consulted.messages[-1]["content"] == "What does order 1 cost?"


@pytest.mark.parametrize(
    "step", [calls("request_refund", number="1"), ask("billing"), calls("handoff", to="technical")]
)
async def test_a_colleague_who_wants_to_act_or_ask_on_gets_an_error(
    tmp_path: Path, step: Step
) -> None:
    rig, _ = rig_of(tmp_path, ask("general"), step, says("No idea."), says("I do not know that."))
    answer = await rig.answer()
    assert answer.specialist == "billing" and not rig.refund.asked
    assert "there is no tool" in rig.bench.ledger[0].result


@pytest.mark.parametrize("name", ["billing", "pirates", ""])
async def test_only_listed_colleagues_can_be_asked(tmp_path: Path, name: str) -> None:
    rig, model = rig_of(tmp_path, ask(name), says("I do not know that."))
    await rig.answer()
    assert "you can consult general, technical" in rig.bench.ledger[0].result
    assert len(model.requests) == 2


async def test_what_a_colleague_makes_up_does_not_become_a_fact(tmp_path: Path) -> None:
    rig, _ = rig_of(
        tmp_path, ask("general", "Is it true that it costs 4711 EUR?"),
        says("Yes, it costs 4711 EUR."), says("It costs 4711 EUR."), says("I do not know that."),
    )  # fmt: skip
    answer = await rig.answer()
    assert "check_numbers" in rig.bench.ledger[0].result
    assert answer.text == "I do not know that."


async def test_asking_has_an_end(tmp_path: Path) -> None:
    look = [calls("get_orders", number=str(n)) for n in range(2, 5)]
    rig, model = rig_of(tmp_path, ask("general"), *look, says("Sorry."), consult_steps=3)
    await rig.answer()
    assert "model_steps" in rig.bench.ledger[-1].result
    assert model.requests[3].tools == [], "the last step of a colleague has to answer"


async def test_a_colleague_over_its_tokens_has_to_answer(tmp_path: Path) -> None:
    look = calls("get_orders", number="2")

    rig, model = rig_of(
        tmp_path, ask("general"), look, look, look, says("No idea."), says("Sorry."),
        consult_steps=8,
    )  # fmt: skip
    rig.settings = rig.settings.model_copy(update={"consult_tokens": 200})
    await rig.answer()
    offered = [request.tools for request in model.requests[1:4]]
    assert offered == [["get_orders"], ["get_orders"], []]


class Slow:
    """Asks `general` first; `general` never answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def stream(
        self, messages: Sequence[dict[str, Any]], **_: Any
    ) -> AsyncGenerator[ModelChunk, None]:
        """See `core.ports.LanguageModel`."""
        self.calls += 1
        if "A colleague asks you" in messages[0]["content"]:
            await asyncio.Event().wait()
        if self.calls == 1:
            yield ModelChunk(calls=ask("general").calls, done=True)
        else:
            yield ModelChunk(text="I could not find that out.")
            yield ModelChunk(done=True)


async def test_a_colleague_who_never_answers_is_left(tmp_path: Path) -> None:
    rig = LoopRig(tmp_path, Slow(), consult_seconds=0.1)
    async with asyncio.timeout(20):
        answer = await rig.answer()
    assert answer.text == "I could not find that out."
    assert "did not answer in time" in rig.bench.ledger[0].result


async def test_two_colleagues_at_most_are_asked_in_a_turn(tmp_path: Path) -> None:
    three = calls_many(
        ("consult", {"specialist": "general", "question": "Is it one?"}),
        ("consult", {"specialist": "general", "question": "Is it two?"}),
        ("consult", {"specialist": "technical", "question": "Is it three?"}),
    )
    rig, _ = rig_of(tmp_path, three, says("Yes."), says("No."), says("I see."))
    await rig.answer()
    results = [record.result for record in rig.bench.ledger if record.name == "consult"]
    assert [json.loads(result).get("from") for result in results[:2]] == ["general", "general"]
    assert "enough colleagues" in results[2]
    assert rig.run_now is not None and rig.run_now.spent.calls == 4
    assert rig.run_now.spent.tokens_in == 400
