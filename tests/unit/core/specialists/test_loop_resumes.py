"""A worker dies at any point of a turn; the next one repeats nothing that is recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.engine.steps import MemorySteps
from core.errors import LeaseLost
from core.ports import ModelChunk
from core.specialists.journal import acted_up_to, read_records
from tests.fakes.loop_rig import SEEN, LoopRig
from tests.fakes.scripted_model import Step, calls, calls_many, says

FINAL = "I refunded order 1, the reference is RF-1."
STAGES: list[Step] = [
    calls("get_orders", number="1"),
    calls_many(
        ("request_refund", {"number": "1"}),
        ("handoff", {"to": "technical", "brief": "refunded; the customer asks for more"}),
    ),
    calls("get_orders", number="2"),
    says(FINAL),
]


class StagedModel:
    """Answers by how many rounds the request shows, as a model would; may die when asked."""

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.dies_at: int | None = None

    async def stream(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None,
        model: str | None = None,
        deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:
        """See `core.ports.LanguageModel`."""
        stage = sum(1 for message in messages if message.get("tool_calls"))
        self.asked[stage] += 1
        if self.dies_at == stage:
            self.dies_at = None
            raise asyncio.CancelledError
        step = STAGES[stage]
        for piece in step.pieces:
            yield ModelChunk(text=piece)
        yield ModelChunk(calls=step.calls, tokens_in=100, tokens_out=10, model="m", done=True)


class DyingSteps(MemorySteps):
    """The worker dies before or after the record of a number."""

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__()
        self._at = at
        self._after = after
        self._count = 0

    async def record(self, step: dict[str, Any]) -> None:
        """See `StepJournal`."""
        number, self._count = self._count, self._count + 1
        if number == self._at and not self._after:
            raise asyncio.CancelledError
        await super().record(step)
        if number == self._at:
            raise asyncio.CancelledError


async def finish(rig: LoopRig, model: StagedModel, recorded: int) -> None:
    """Another worker takes over: the answer is the same, and nothing was done twice."""
    before = model.asked.copy()
    rounds = {step["step"] for step in rig.steps.steps if step["kind"] == "round"}
    orders = len(rig.orders.asked)
    answer = await rig.resume()
    assert answer.text == FINAL and answer.specialist == "technical"
    assert rig.refund.effects == {f"cv_00_test:{SEEN}:2.0": "1"}
    for stage in range(len(rounds)):
        assert model.asked[stage] == before[stage], "a recorded reply was asked for again"
    assert len(rig.orders.asked) - orders <= 2
    assert [record.name for record in rig.bench.ledger] == [
        "get_orders", "request_refund", "handoff", "get_orders",
    ]  # fmt: skip
    assert rig.bench.acted
    assert len(rig.steps.steps) >= recorded


async def test_the_whole_turn_records_rounds_an_intent_and_the_answer(tmp_path: Path) -> None:
    model = StagedModel()
    rig = LoopRig(tmp_path, model)
    assert (await rig.answer()).text == FINAL
    kinds = [step["kind"] for step in rig.steps.steps]
    assert kinds == ["round", "intent", "round", "round", "final"]
    assert acted_up_to(read_records(rig.steps.steps)) == SEEN


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(5))
async def test_dying_at_a_record(tmp_path: Path, at: int, after: bool) -> None:
    model = StagedModel()
    rig = LoopRig(tmp_path, model)
    dying = rig.steps = DyingSteps(at, after=after)
    with pytest.raises(asyncio.CancelledError):
        await rig.answer()
    rig.steps = MemorySteps(dying.steps)
    await finish(rig, model, recorded=at)


@pytest.mark.parametrize("stage", range(len(STAGES)))
async def test_dying_while_the_model_is_asked(tmp_path: Path, stage: int) -> None:
    model = StagedModel()
    model.dies_at = stage
    rig = LoopRig(tmp_path, model)
    with pytest.raises(asyncio.CancelledError):
        await rig.answer()
    await finish(rig, model, recorded=stage)


async def test_dying_after_a_write_had_its_effect_does_not_write_again(tmp_path: Path) -> None:
    model = StagedModel()
    rig = LoopRig(tmp_path, model)
    rig.refund.interrupt = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await rig.answer()
    assert rig.refund.effects and [s["kind"] for s in rig.steps.steps] == ["round", "intent"]
    rig.refund.interrupt = None
    await finish(rig, model, recorded=2)
    assert len(set(rig.refund.asked)) == 1, "the key is the same"
    assert model.asked[1] == 1, "the model is not asked again what to do"


async def test_a_worker_that_lost_its_lease_writes_nothing(tmp_path: Path) -> None:
    class LostSteps(MemorySteps):
        async def record(self, step: dict[str, Any]) -> None:
            if step["kind"] == "intent":
                raise LeaseLost
            await super().record(step)

    rig = LoopRig(tmp_path, StagedModel())
    rig.steps = LostSteps()
    with pytest.raises(LeaseLost):
        await rig.answer()
    assert not rig.refund.asked


async def test_a_record_written_twice_counts_once(tmp_path: Path) -> None:
    model = StagedModel()
    rig = LoopRig(tmp_path, model)
    dying = rig.steps = DyingSteps(2, after=True)
    with pytest.raises(asyncio.CancelledError):
        await rig.answer()
    rig.steps = MemorySteps([step for step in dying.steps for _ in range(2)])
    await finish(rig, model, recorded=2)


async def test_what_is_not_a_record_is_left_out(tmp_path: Path) -> None:
    model = StagedModel()
    rig = LoopRig(tmp_path, model)
    rig.steps = MemorySteps([{"kind": "dance"}, {"nothing": 1}])
    assert (await rig.resume()).text == FINAL
