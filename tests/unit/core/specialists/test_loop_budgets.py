"""What a turn may cost: asked before every call, settled after it, and never passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.metering import Amount, Purse, Used
from core.specialists.budget import Account, BudgetExceeded, estimate_request, estimate_tokens
from tests.fakes.loop_rig import LoopRig
from tests.fakes.scripted_model import ScriptedModel, Step, calls, says

HELLO = says("I can help you with that.")
LOOK = calls("get_orders", number="1")


class Counting:
    """Meters that remember; `full` refuses."""

    def __init__(self, full: Purse | None = None) -> None:
        self.full: Purse | None = full
        self.sum = 0
        self.reserved: list[int] = []

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        """See `Meters`."""
        if self.full is None:
            self.reserved.append(amount.tokens)
            self.sum += amount.tokens
        return self.full

    async def settle(self, contact: str, difference: Amount) -> None:
        """See `Meters`."""
        self.sum += difference.tokens

    async def used(self, contact: str) -> Used:
        """See `Meters`."""
        return Used(hour=Amount(tokens=self.sum))


def rig_of(folder: Path, *steps: Step, **settings: Any) -> tuple[LoopRig, ScriptedModel]:
    model = ScriptedModel(*steps)
    return LoopRig(folder, model, **settings), model


async def test_what_is_settled_is_what_was_used(tmp_path: Path) -> None:
    rig, _ = rig_of(tmp_path, LOOK, HELLO)
    rig.meters = meters = Counting()
    await rig.answer()
    assert meters.sum == 220 and len(meters.reserved) == 2
    assert all(amount > 800 for amount in meters.reserved), "the longest answer is reckoned with"


@pytest.mark.parametrize("purse", ["contact_hour", "day"])
async def test_a_full_shared_purse_ends_it_before_the_call(tmp_path: Path, purse: Purse) -> None:
    rig, model = rig_of(tmp_path, HELLO)
    rig.meters = Counting(full=purse)
    with pytest.raises(BudgetExceeded) as full:
        await rig.answer()
    assert full.value.code == f"budget_{purse}" and not model.requests
    assert rig.run_now is not None and rig.run_now.empty_purse == purse


@pytest.mark.parametrize(
    ("account", "budget", "purse"),
    [
        (Account(tokens=9_500), {"conversation_tokens": 10_000}, "conversation"),
        (Account(money=0.95), {"conversation_money": 1.0}, "conversation"),
        (Account(), {"turn_money": 0.05}, "turn"),
    ],
)
async def test_conversation_and_turn_have_their_own(
    tmp_path: Path, account: Account, budget: dict[str, Any], purse: str
) -> None:
    rig, model = rig_of(tmp_path, HELLO, budget=budget)
    rig.price = 0.0001
    with pytest.raises(BudgetExceeded) as full:
        await rig.answer(account=account)
    assert full.value.purse == purse and not model.requests


async def test_a_limit_of_nothing_is_no_limit(tmp_path: Path) -> None:
    rig, _ = rig_of(tmp_path, HELLO, budget={"conversation_tokens": 0, "hour_tokens": 0})
    rig.price = 10.0
    rig.meters = meters = Counting(full="day")
    await rig.answer(account=Account(tokens=10**9, money=10**9))
    assert not meters.reserved, "nobody is asked when there is no limit"


async def test_near_the_end_of_the_turns_tokens_it_has_to_answer(tmp_path: Path) -> None:
    rig, model = rig_of(tmp_path, LOOK, LOOK, HELLO, turn_tokens=4_000, max_tokens=400)
    model.tokens = (1_500, 10)
    await rig.answer()
    assert [bool(request.tools) for request in model.requests] == [True, False, False]


async def test_what_the_server_does_not_tell_is_estimated(tmp_path: Path) -> None:
    model = ScriptedModel(HELLO)
    model.tokens = (0, 0)
    rig = LoopRig(tmp_path, model)
    await rig.answer()
    assert rig.run_now is not None
    assert rig.run_now.spent.tokens_in > 200 and 5 < rig.run_now.spent.tokens_out < 20


def test_estimates_are_near_for_all_languages() -> None:
    assert (
        20 < estimate_tokens("Where is my order? It was to come on Monday, and it is Friday.") < 40
    )
    assert 20 < estimate_tokens("Где мой заказ? Его обещали в понедельник, а уже пятница.") < 45
    tools = [{"function": {"name": "x", "description": "y" * 350}}]
    message = {"role": "user", "content": "a" * 350}
    assert 200 < estimate_request([message], tools) < 260
