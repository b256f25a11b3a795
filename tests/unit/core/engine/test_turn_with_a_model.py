"""Stories of turns with a scripted language model."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from core.conversation import TurnCommit
from core.engine.open import Engine
from core.engine.steps import MemorySteps
from core.errors import ModelError, ModelGarbage, ModelRefused, ModelTimeout
from core.messages import Entry
from tests.fakes.claims import Pieces, Talk
from tests.fakes.scripted_model import (
    ScriptedModel,
    Step,
    calls,
    calls_many,
    fails,
    hangs,
    says,
)
from tests.unit.core.engine.conftest import BuildEngine

PASSAGE = "Open Settings and choose Reset. It takes 5 minutes."
QUESTION = "How do I reset my password?"


async def play(engine: Engine, talk: Talk) -> tuple[TurnCommit, Entry, Pieces]:
    """One turn that must end in exactly one message, with the whole script used up."""
    pieces = Pieces()
    commit = await engine.turn.run(talk.claim(), pieces, MemorySteps())
    entries = talk.apply(commit)
    assert isinstance(engine.model, ScriptedModel)
    engine.model.assert_done()
    assert len([entry for entry in entries if entry.kind == "message"]) == 1
    return commit, entries[0], pieces


def model_of(engine: Engine) -> ScriptedModel:
    assert isinstance(engine.model, ScriptedModel)
    return engine.model


async def test_the_specialist_answers_from_the_passages_and_cites_them(build: BuildEngine) -> None:
    engine = await build(says("Go to Settings ", "and choose Reset [1]. ", "It takes 5 minutes."))
    commit, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert entry.text == "Go to Settings and choose Reset. It takes 5 minutes."
    assert [citation.document for citation in entry.citations] == ["password"]
    assert pieces.text == entry.text and len(pieces.shown) == 2
    assert commit.tokens_used == 110
    assert commit.receipt is not None
    assert commit.receipt["model"] == "scripted" and commit.receipt["source"] == "model"
    assert commit.receipt["tokens"] == {"in": 100, "out": 10}
    assert all(check["passed"] for check in commit.receipt["checks"])


async def test_the_first_request_holds_prompt_history_question_and_passages(
    build: BuildEngine,
) -> None:
    engine = await build(says("Hello, what can I do?"), says("Choose Reset in Settings."))
    talk = Talk().customer("I cannot log in with my password")
    pieces = Pieces()
    talk.apply(await engine.turn.run(talk.claim(), pieces, MemorySteps()))
    await play(engine, talk.customer(QUESTION))
    first, second = (request.messages for request in model_of(engine).requests)
    assert first[0] == second[0] and first[0]["role"] == "system"
    roles = [message["role"] for message in second]
    assert roles == ["system", "user", "assistant", "system", "user"]
    assert second[4]["content"] == QUESTION
    result = json.loads(second[3]["content"].split("\n", 1)[1])
    assert result["results"][0]["n"] == 1 and result["results"][0]["text"] == PASSAGE
    assert result["answer_in_language"] == "en"
    assert model_of(engine).requests[0].tools == ["escalate", "offer_human", "search_knowledge"]


async def test_servers_that_take_one_system_message_get_the_passages_with_the_question(
    build: BuildEngine,
) -> None:
    engine = await build(says("Choose Reset in Settings."), findings_role="user")
    await play(engine, Talk().customer(QUESTION))
    messages = model_of(engine).requests[0].messages
    assert [message["role"] for message in messages] == ["system", "user"]
    assert PASSAGE in messages[1]["content"] and messages[1]["content"].endswith(QUESTION)


async def test_a_tool_call_is_run_and_its_result_recorded(build: BuildEngine) -> None:
    engine = await build(
        calls("search_knowledge", query="change card", before="Let me look that up. "),
        says("You can add a new card under Billing [2]."),
    )
    commit, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert entry.text == "You can add a new card under Billing."
    assert entry.citations[0].document == "card"
    assert pieces.text == entry.text and pieces.attempts == 2
    assert commit.receipt is not None
    (tool,) = commit.receipt["tools"]
    assert tool["name"] == "search_knowledge" and tool["ok"] and "card" in tool["result"]
    last = model_of(engine).requests[1].messages
    assert [message["role"] for message in last[-2:]] == ["assistant", "tool"]


async def test_calls_side_by_side_each_get_their_result(build: BuildEngine) -> None:
    two = calls_many(
        ("search_knowledge", {"query": "card"}), ("search_knowledge", {"query": "password"})
    )
    engine = await build(two, says("See Billing for your card."))
    commit, _, _ = await play(engine, Talk().customer(QUESTION))
    assert commit.receipt is not None and len(commit.receipt["tools"]) == 2
    ids = [message["tool_call_id"] for message in model_of(engine).requests[1].messages[-2:]]
    assert ids == ["call_0", "call_1"]


@pytest.mark.parametrize(
    ("step", "says_in_result"),
    [
        (calls("launch_rocket", where="moon"), "there is no tool"),
        (calls("search_knowledge", raw="{not json"), "not a JSON object"),
        (calls("search_knowledge", raw='["a"]'), "not a JSON object"),
        (calls("search_knowledge", query=""), "query"),
    ],
)
async def test_a_broken_call_gets_an_error_that_the_model_can_mend(
    build: BuildEngine, step: Step, says_in_result: str
) -> None:
    engine = await build(step, says("Choose Reset in Settings."))
    commit, _, _ = await play(engine, Talk().customer(QUESTION))
    assert commit.receipt is not None
    assert not commit.receipt["tools"][0]["ok"]
    assert says_in_result in commit.receipt["tools"][0]["result"]


async def test_a_call_written_as_text_is_run_and_never_shown(build: BuildEngine) -> None:
    written = '{"name": "search_knowledge", "arguments": {"query": "card"}}'
    engine = await build(says(written[:20], written[20:]), says("Add a card under Billing."))
    commit, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert entry.text == "Add a card under Billing." == pieces.text
    assert commit.receipt is not None and commit.receipt["tools"][0]["ok"]


async def test_the_same_call_again_and_again_ends_in_an_answer(build: BuildEngine) -> None:
    same = calls("search_knowledge", query="card")
    engine = await build(same, same, says("Add a card under Billing."))
    _, entry, _ = await play(engine, Talk().customer(QUESTION))
    assert entry.text == "Add a card under Billing."
    assert model_of(engine).requests[2].tools == []


async def test_different_calls_without_end_stop_at_the_limit_of_steps(build: BuildEngine) -> None:
    endless = [calls("search_knowledge", query=f"card {n}") for n in "abcd"]
    engine = await build(*endless)
    commit, entry, _ = await play(engine, Talk().customer(QUESTION))
    assert entry.text == PASSAGE
    assert commit.receipt is not None and commit.receipt["fallback"] == "model_steps"
    assert model_of(engine).requests[3].tools == []


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (fails(ModelTimeout()), "model_timeout"),
        (fails(ModelError(code="model_limited", retryable=True)), "model_limited"),
        (fails(ModelRefused()), "model_refused"),
        (fails(ModelGarbage(), "Choose Reset. ", "And th"), "model_garbage"),
        (says(), "check_empty"),
        (says("...", " !"), "check_empty"),
        (says("It costs 49 dollars to reset."), "check_numbers"),
        (says("See https://evil.example.net/reset for help."), "check_links"),
        (says("Write to help@nowhere.example about it."), "check_links"),
        (says("Gehen Sie bitte in die Einstellungen und wählen Sie dort Passwort aus."),
         "check_language"),
        (says('{"status": "ok", "answer": null}'), "check_garbage"),
        (says("Choose \ufffd\ufffd\ufffd Reset."), "check_garbage"),
        (says("blah " * 2000), "check_length"),
        (says("<think>the user wants"), "check_garbage"),
        (says("I have reset your password."), "check_action"),
        (says("I will connect you with a colleague."), "check_promise"),
    ],
)  # fmt: skip
async def test_whatever_the_model_does_again_and_again_the_customer_gets_one_sound_reply(
    build: BuildEngine, step: Step, code: str
) -> None:
    tries = 1 if step.error is not None and not step.pieces else 2
    engine = await build(*[step] * tries)
    commit, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert entry.text == PASSAGE and entry.citations[0].document == "password"
    assert commit.receipt is not None
    assert commit.receipt["fallback"] == code and commit.receipt["source"] == "knowledge"
    failed = [f"check_{item['name']}" for item in commit.receipt["checks"] if not item["passed"]]
    assert failed == ([code] if code.startswith("check_") else [])
    assert pieces.text == ""


async def test_a_model_that_falls_silent_is_left_within_the_deadline(
    build: BuildEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.turn._CLOSING_SECONDS", 8.0)  # for the slowest of machines
    engine = await build(hangs("Choose Reset. ", "And then"), turn_seconds=8.5)
    began = time.monotonic()
    async with asyncio.timeout(20):
        commit, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert time.monotonic() - began < 8.5
    assert entry.text == PASSAGE and pieces.text == ""
    assert commit.receipt is not None and commit.receipt["fallback"] == "model_timeout"


async def test_only_checked_sentences_are_ever_shown(build: BuildEngine) -> None:
    wrong = says("Choose Reset in Settings. ", "Then pay 49 dollars. ", "Bye.")
    engine = await build(wrong, wrong)
    pieces = Pieces()
    seen: list[str] = []
    pieces.send = _remember(seen, pieces.send)  # type: ignore[method-assign]
    talk = Talk().customer(QUESTION)
    talk.apply(await engine.turn.run(talk.claim(), pieces, MemorySteps()))
    assert seen == ["Choose Reset in Settings. "] * 2
    assert pieces.attempts == 3 and talk.entries[-1].text == PASSAGE


async def test_what_the_customer_or_the_prompt_said_may_be_repeated(build: BuildEngine) -> None:
    engine = await build(says("Order 7731 is noted. You can call 555 0100 or wait 5 minutes."))
    _, entry, _ = await play(engine, Talk().customer("My order is 7731, reset my password"))
    assert "7731" in entry.text


async def test_invisible_characters_and_thoughts_of_the_model_do_not_leave(
    build: BuildEngine,
) -> None:
    engine = await build(says("<think>99 secrets</th", "ink>Choose\u200b Re", "set\U000e0041."))
    _, entry, pieces = await play(engine, Talk().customer(QUESTION))
    assert entry.text == "Choose Reset." == pieces.text


async def test_the_specialist_may_escalate_after_its_words(build: BuildEngine) -> None:
    engine = await build(
        calls("escalate", reason="The account is locked"),
        says("I am passing you to a colleague."),
    )
    talk = Talk().customer(QUESTION)
    commit, entry, _ = await play(engine, talk)
    assert entry.text == "I am passing you to a colleague." and talk.head.owner == "human"
    assert commit.entries[1].action == "escalate"


async def test_the_specialist_may_offer_a_human(build: BuildEngine) -> None:
    engine = await build(calls("offer_human"), says("I do not know that. A colleague may help."))
    _, entry, _ = await play(engine, Talk().customer(QUESTION))
    assert [button.value for button in entry.parts[0].buttons] == ["human", "human:no"]


async def test_an_explicit_wish_does_not_ask_the_model(build: BuildEngine) -> None:
    engine = await build(says("never"))
    talk = Talk().customer("I want to talk to a human")
    talk.apply(await engine.turn.run(talk.claim(), Pieces(), MemorySteps()))
    assert talk.head.owner == "human" and not model_of(engine).requests


def _remember(seen: list[str], send):  # type: ignore[no-untyped-def]
    async def remembering(text: str) -> None:
        seen.append(text)
        await send(text)

    return remembering
