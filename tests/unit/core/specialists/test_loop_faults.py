"""Whatever a model does: results are recorded, one handoff at most, one sound answer or none."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError, ModelGarbage, ModelRefused
from core.specialists.history import Said
from tests.fakes.loop_rig import LoopRig
from tests.fakes.scripted_model import ScriptedModel, Step, calls, calls_many, fails, hangs, says

SOUND = says("Your order costs 49.90 EUR.")
HELLO = says("I can help you with that.")
ORDERS = ("get_orders", {"number": "1"})


def to(name: str, brief: str = "wants to know the total") -> tuple[str, dict[str, Any]]:
    return ("handoff", {"to": name, "brief": brief})


def rig_of(folder: Path, *steps: Step, **settings: Any) -> tuple[LoopRig, ScriptedModel]:
    model = ScriptedModel(*steps)
    return LoopRig(folder, model, **settings), model


def pairs_of(messages: list[dict[str, Any]]) -> None:
    """Every call is followed by its result, nothing else comes between."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
        else:
            assert not waiting
            waiting = [call["id"] for call in message.get("tool_calls", [])]
    assert not waiting


async def test_tools_and_a_handoff_in_one_reply_record_first_then_hand_over(
    tmp_path: Path,
) -> None:
    rig, model = rig_of(tmp_path, calls_many(ORDERS, to("technical")), SOUND)
    answer = await rig.answer()
    assert answer.specialist == "technical" and answer.text == "Your order costs 49.90 EUR."
    assert [record.name for record in rig.bench.ledger] == ["get_orders", "handoff"]
    second = model.requests[1].messages
    pairs_of(second)
    assert second[0]["content"].startswith(model.requests[0].messages[0]["content"][:40])
    assert "You are technical" in second[0]["content"]
    brief = json.loads(second[-1]["content"].split("\n", 1)[1])
    assert brief["from"] == "billing" and brief["brief"] == "wants to know the total"
    assert "handoff" not in model.requests[1].tools
    assert rig.run_now is not None and [hop.to for hop in rig.run_now.hops] == ["technical"]


async def test_of_two_handoffs_the_first_wins_and_the_other_is_noted(tmp_path: Path) -> None:
    rig, model = rig_of(
        tmp_path, calls_many(to("technical"), to("general", "also opening hours")), HELLO
    )
    answer = await rig.answer()
    assert answer.specialist == "technical"
    pairs_of(model.requests[1].messages)
    assert "already handing over to technical" in rig.bench.ledger[1].result
    assert "also opening hours" in model.requests[1].messages[-1]["content"]


async def test_who_got_the_customer_cannot_hand_them_on_in_the_same_turn(tmp_path: Path) -> None:
    rig, model = rig_of(tmp_path, calls_many(to("technical")), calls_many(to("billing")), HELLO)
    answer = await rig.answer()
    assert answer.specialist == "technical"
    assert "no tool 'handoff'" in rig.bench.ledger[1].result
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    ("target", "hops", "why"),
    [
        ("billing", (), "that is you"),
        ("pirates", (), "there is no specialist"),
        ("general", ("general",), "has just handed"),
    ],
)
async def test_handoffs_to_oneself_to_nobody_and_back_are_refused(
    tmp_path: Path, target: str, hops: tuple[str, ...], why: str
) -> None:
    rig, _ = rig_of(tmp_path, calls_many(to(target)), HELLO)
    answer = await rig.answer(hops=hops)
    assert answer.specialist == "billing"
    assert why in rig.bench.ledger[0].result


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (calls("launch_rocket"), "there is no tool"),
        (calls("get_orders", raw='["oops"'), "not a JSON object"),
        (calls("get_orders", raw="[1]"), "not a JSON object"),
        (calls("get_orders", raw='{"number": {"a": 1}}'), "number"),
    ],
)
async def test_a_broken_call_is_answered_with_its_error(
    tmp_path: Path, step: Step, why: str
) -> None:
    rig, model = rig_of(tmp_path, step, says("Let me know the order number, please."))
    answer = await rig.answer()
    assert answer.text.startswith("Let me know")
    assert why in rig.bench.ledger[0].result and not rig.bench.ledger[0].ok
    pairs_of(model.requests[1].messages)


async def test_calls_of_one_reply_run_side_by_side(tmp_path: Path) -> None:
    many = calls_many(*(("get_orders", {"number": str(n)}) for n in range(4)))
    rig, _ = rig_of(tmp_path, many, SOUND)
    rig.orders.gate = asyncio.Event()
    task = asyncio.ensure_future(rig.answer())
    async with asyncio.timeout(20):
        while len(rig.orders.asked) < 4:
            await asyncio.sleep(0)
        rig.orders.gate.set()
        await task
    assert len(rig.bench.ledger) == 4


async def test_twins_in_one_reply_and_repeats_later_act_once(tmp_path: Path) -> None:
    twins = calls_many(("request_refund", {"number": "1"}), ("request_refund", {"number": "1"}))
    again = calls("request_refund", number="1")
    rig, _ = rig_of(tmp_path, twins, again, says("Thank you for waiting."))
    await rig.answer()
    assert len(rig.refund.asked) == 1
    assert len(rig.bench.ledger) == 3


async def test_too_many_calls_at_once_are_answered_but_not_run(tmp_path: Path) -> None:
    many = calls_many(*(("get_orders", {"number": str(n)}) for n in range(9)))
    rig, model = rig_of(tmp_path, many, SOUND)
    await rig.answer()
    assert len(rig.orders.asked) == 6 and len(rig.bench.ledger) == 9
    pairs_of(model.requests[1].messages)


@pytest.mark.parametrize(
    "wrong",
    [
        says(""),
        says("It costs 12.34 EUR."),
        says("See https://evil.example.net/x for more."),
        says("Bitte gehen Sie in die Einstellungen und wählen Sie dort Ihr Passwort aus."),
        says("Bonjour, je suis vraiment désolé, mais je ne peux répondre qu'en français."),
        says("word " * 3000),
        says('{"status": "ok"}'),
    ],
)
async def test_a_reply_that_fails_a_check_is_repaired_once(tmp_path: Path, wrong: Step) -> None:
    sound = says("I do not know that yet.")
    rig, model = rig_of(tmp_path, wrong, sound)
    answer = await rig.answer()
    assert answer.text == "I do not know that yet." == rig.pieces.text
    assert rig.run_now is not None and rig.run_now.repaired
    note = model.requests[1].messages[-1]
    assert note["role"] == "system" and "was not shown" in note["content"]
    assert "request_refund" in model.requests[0].tools
    assert "request_refund" not in model.requests[1].tools
    rig, _ = rig_of(tmp_path, wrong, wrong)
    with pytest.raises(ModelError, match="check"):
        await rig.answer()
    assert rig.pieces.text == ""


async def test_while_a_reply_is_repaired_nothing_can_be_written(tmp_path: Path) -> None:
    rig, _ = rig_of(
        tmp_path, says("It costs 12.34 EUR."), calls("request_refund", number="1"), HELLO
    )
    await rig.answer()
    assert not rig.refund.asked and "there is no tool" in rig.bench.ledger[0].result


async def test_a_stream_that_breaks_off_is_asked_for_once_more(tmp_path: Path) -> None:
    cut = fails(ModelGarbage(code="model_cut"), "Your order is on its way. And th")
    rig, _ = rig_of(tmp_path, cut, says("Here you are."))
    assert (await rig.answer()).text == "Here you are." == rig.pieces.text
    rig, _ = rig_of(tmp_path, cut, cut)
    with pytest.raises(ModelGarbage):
        await rig.answer()
    assert rig.pieces.text == ""


async def test_an_answer_longer_than_allowed_ends_with_its_last_whole_sentence(
    tmp_path: Path,
) -> None:
    long = Step(pieces=("I do not know that yet. It will ", "come on Mon"), cut=True)
    rig, _ = rig_of(tmp_path, long)
    assert (await rig.answer()).text == "I do not know that yet."


async def test_a_refusal_of_the_server_is_not_asked_again(tmp_path: Path) -> None:
    rig, model = rig_of(tmp_path, fails(ModelRefused(), "Well. "))
    with pytest.raises(ModelRefused):
        await rig.answer()
    assert len(model.requests) == 1


async def test_an_endless_loop_of_tools_ends_without_tools(tmp_path: Path) -> None:
    same = calls("get_orders", number="1")
    rig, model = rig_of(tmp_path, same, same, SOUND)
    await rig.answer()
    assert len(rig.orders.asked) == 1 and model.requests[2].tools == []
    endless = [calls("get_orders", number=str(n)) for n in range(4)]
    rig, model = rig_of(tmp_path, *endless)
    with pytest.raises(ModelError) as failed:
        await rig.answer()
    assert failed.value.code == "model_steps" and model.requests[3].tools == []


async def test_history_under_pressure_loses_the_oldest_words_only(tmp_path: Path) -> None:
    said = [
        Said(role=("customer", "assistant")[n % 2], text=f"message {n} " + "word " * 100)
        for n in range(60)
    ]
    rig, model = rig_of(tmp_path, calls_many(ORDERS), SOUND, history_tokens=2000)
    await rig.answer(said=said)
    for request in model.requests:
        pairs_of(request.messages)
        words = "".join(str(message["content"]) for message in request.messages)
        assert len(words) < 2000 * 4 and "Where is my order?" in words
        assert "message 59" in words and "message 3 " not in words


async def test_a_request_too_long_for_the_server_is_shortened_and_asked_again(
    tmp_path: Path,
) -> None:
    said = [
        Said(role=("customer", "assistant")[n % 2], text=f"message {n} " + "word " * 100)
        for n in range(20)
    ]
    too_long = fails(ModelRefused(code="model_too_long"))
    rig, model = rig_of(tmp_path, too_long, says("Here you are."))
    await rig.answer(said=said)
    first, second = (len(json.dumps(request.messages)) for request in model.requests)
    assert second < first * 0.7


async def test_a_long_result_is_clipped_when_it_is_written_down(tmp_path: Path) -> None:
    rig, model = rig_of(
        tmp_path, calls("get_orders", number="9" * 5000), HELLO, result_characters=600
    )
    await rig.answer()
    assert len(rig.bench.ledger[0].result) < 650
    assert model.requests[1].messages[-1]["content"] == rig.bench.ledger[0].result


SCRIPT = (calls_many(ORDERS, to("technical")), calls("get_orders", number="2"), SOUND)


@pytest.mark.parametrize("index", range(len(SCRIPT)))
@pytest.mark.parametrize(
    "death", [fails(ModelError(code="model_connection")), hangs("Well. ")], ids=["dead", "silent"]
)
async def test_a_model_that_dies_at_any_call_leaves_nothing_shown(
    tmp_path: Path, index: int, death: Step
) -> None:
    rig, model = rig_of(tmp_path, *SCRIPT[:index], death)
    began = time.monotonic()
    with pytest.raises(ModelError):
        await rig.answer(seconds=1.5)
    assert time.monotonic() - began < 10 and rig.pieces.text == ""
    assert len(model.requests) == index + 1
    assert len(rig.bench.ledger) == (0, 2, 3)[index]


async def test_the_beginning_of_the_requests_stays_the_same_byte_for_byte(tmp_path: Path) -> None:
    rig, model = rig_of(tmp_path, calls_many(ORDERS), SOUND, says("You are welcome."))
    answer = await rig.answer()
    said = [
        Said(role="customer", text="Where is my order?"),
        Said(role="assistant", text=answer.text),
    ]
    await rig.answer("Thanks, that is all.", said=said)
    one, two, next_turn = (request.messages for request in model.requests)
    assert two[: len(one)] == one
    assert json.dumps(next_turn[:2]) == json.dumps(one[:2])
    assert model.requests[0].tools == model.requests[2].tools
