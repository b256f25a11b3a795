"""Turns about messages that were edited or taken back."""

from __future__ import annotations

import pytest

from core.engine.open import Engine
from core.engine.state import EngineState
from core.engine.steps import MemorySteps
from core.messages import Entry
from tests.fakes.claims import Pieces, Talk
from tests.unit.core.engine.conftest import BuildEngine
from tests.unit.core.test_changes import changes

PASSWORD = "Open Settings and choose Reset. It takes 5 minutes."
CARD = "Add a new card under Billing."


@pytest.fixture
async def engine(build: BuildEngine) -> Engine:
    return await build()


async def turn(engine: Engine, talk: Talk) -> list[Entry]:
    return talk.apply(await engine.turn.run(talk.claim(), Pieces(), MemorySteps()))


async def test_the_answer_is_about_the_new_words_and_comes_once(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    changes(talk, "edit", 1, "How do I add a new card?")
    (answer,) = await turn(engine, talk)
    assert (answer.text, answer.in_reply_to) == (CARD, 1)


async def test_after_the_answer_other_words_get_an_answer_of_their_own(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    assert [entry.text for entry in await turn(engine, talk)] == [PASSWORD]
    changes(talk, "edit", 1, "How do I add a new card?")
    (answer,) = await turn(engine, talk)
    assert (answer.text, answer.in_reply_to) == (CARD, 3)


async def test_after_the_answer_a_mended_letter_gets_none(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    await turn(engine, talk)
    changes(talk, "edit", 1, "how do I reset my passwort")
    assert await turn(engine, talk) == []


async def test_taken_back_before_the_answer_there_is_none(engine: Engine) -> None:
    talk = changes(Talk().customer("How do I reset my password?"), "delete", 1)
    assert await turn(engine, talk) == []


async def test_taken_back_beside_a_question_only_the_question_is_answered(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?").customer("How do I add a new card?")
    (answer,) = await turn(engine, changes(talk, "delete", 1))
    assert answer.text == CARD


async def test_taken_back_afterwards_it_leaves_memory_and_headline(engine: Engine) -> None:
    talk = Talk().customer("My order number is 448812. How do I reset my password?")
    await turn(engine, talk)
    assert "448812" in repr(EngineState.of(talk.state).memory)
    changes(talk, "delete", 1)
    assert await turn(engine, talk) == []
    assert "448812" not in repr(talk.state)
    assert "448812" not in (talk.head.summary or "")
    assert "448812" in repr(talk.entries)


async def test_edited_afterwards_memory_holds_the_new_words_only(engine: Engine) -> None:
    talk = Talk().customer("My order number is 448812. How do I reset my password?")
    await turn(engine, talk)
    changes(talk, "edit", 1, "My order number is 448813. How do I reset my password?")
    await turn(engine, talk)
    assert "448812" not in repr(EngineState.of(talk.state).memory)
    assert "448813" in repr(EngineState.of(talk.state).memory)


async def test_what_the_summary_took_in_leaves_it_too(engine: Engine) -> None:
    talk = Talk().customer("My order number is 448812, and I need an invoice for Brno.")
    for number in range(24):
        talk.customer(f"How do I reset my password, attempt {number}?")
        await turn(engine, talk)
    assert EngineState.of(talk.state).memory.summary.upto > 1
    assert "448812" in repr(EngineState.of(talk.state).memory.summary)
    changes(talk, "delete", 1)
    talk.entries[-1] = talk.entries[-1].model_copy(update={"in_reply_to": 1})
    await turn(engine, talk)
    assert "448812" not in repr(EngineState.of(talk.state).memory)
    assert "Brno" not in repr(EngineState.of(talk.state).memory)


async def test_while_a_human_owns_it_nothing_is_said(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?").human("One moment.").owned_by("human")
    changes(talk, "edit", 1, "How do I add a new card?")
    assert await turn(engine, talk) == []
    assert talk.head.owner == "human"
