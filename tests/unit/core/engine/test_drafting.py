"""Stories of conversations that a person has: drafts for them, and no word for the customer."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.conversation import Head, TurnCommit
from core.drafts import current_draft
from core.engine.drafting import DraftingTurn
from core.engine.open import Engine
from core.engine.steps import MemorySteps
from core.errors import ModelRefused
from core.ids import ConversationId, EntryId, draft_entry_id
from core.messages import Author, Entry, EntryBody
from tests.fakes.claims import Pieces, Talk
from tests.fakes.knowledge import FakeKnowledge
from tests.fakes.scripted_model import ScriptedModel, calls, fails, hangs, says
from tests.unit.core.engine.conftest import BuildEngine

PASSAGE = "Open Settings and choose Reset. It takes 5 minutes."
QUESTION = "How do I reset my password?"


class Looker:
    """Where the conversation stands now, as the store would tell."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.looks = 0

    async def __call__(self, conversation: ConversationId) -> Head:
        self.looks += 1
        return self.talk.head


def owned(talk: Talk) -> Talk:
    return talk.owned_by("human")


async def play(engine: Engine, talk: Talk) -> tuple[TurnCommit, list[Entry], Pieces]:
    """One turn, with the whole script used up."""
    pieces = Pieces()
    turn = DraftingTurn(engine.turn, engine.drafter, Looker(talk))
    commit = await turn.run(talk.claim(), pieces, MemorySteps())
    if isinstance(engine.model, ScriptedModel):
        engine.model.assert_done()
    return commit, talk.apply(commit), pieces


async def test_a_person_gets_the_best_passage_and_the_customer_gets_nothing(
    build: BuildEngine,
) -> None:
    talk = owned(Talk().human("Hello, this is Ada.").customer(QUESTION))
    commit, entries, pieces = await play(await build(), talk)
    assert [(entry.kind, entry.text) for entry in entries] == [("draft", PASSAGE)]
    draft = entries[0]
    assert not draft.is_for_customer() and pieces.shown == []
    assert draft.author == Author(role="ai", specialist="technical")
    assert (draft.in_reply_to, draft.language) == (2, "en")
    assert draft.id == draft_entry_id(talk.head.id, 2)
    assert [citation.document for citation in draft.citations] == ["password"]
    assert commit.receipt is not None and commit.receipt["outcome"] == "draft"
    assert commit.receipt["triage"]["intent"] and commit.receipt["passages"]
    assert commit.head.owner is None and current_draft(talk.entries) == draft


async def test_a_passage_that_nearly_fits_is_suggested_with_a_doubt(build: BuildEngine) -> None:
    talk = owned(Talk().customer("The invoice shows a wrong amount"))
    _, entries, _ = await play(await build(), talk)
    assert [(e.kind, e.reason) for e in entries] == [("draft", "unsure")]
    assert entries[0].text == "Invoices are under Billing."


async def test_without_a_fitting_passage_nothing_at_all_is_written(build: BuildEngine) -> None:
    talk = owned(Talk().customer("When are you open on holidays?"))
    commit, entries, pieces = await play(await build(), talk)
    assert entries == [] and pieces.shown == [] and commit.receipt is None


@pytest.mark.parametrize("owner", ["ai", "nobody"])
async def test_no_draft_where_no_person_is(build: BuildEngine, owner: str) -> None:
    talk = Talk().customer(QUESTION).owned_by(owner)  # type: ignore[arg-type]
    _, entries, _ = await play(await build(), talk)
    assert [e.kind for e in entries] == (["message"] if owner == "ai" else [])


async def test_what_a_person_has_answered_already_gets_no_draft(build: BuildEngine) -> None:
    talk = owned(Talk().customer(QUESTION).human("Choose Reset in Settings."))
    assert (await play(await build(), talk))[1] == []


async def test_a_burst_gets_one_draft_for_all_that_waits(build: BuildEngine) -> None:
    engine = await build(says("Choose Reset. It takes 5 minutes [1]."))
    talk = owned(Talk().human("Hi, Ada here.").customer("hi there").customer(QUESTION))
    _, entries, _ = await play(engine, talk)
    assert [e.in_reply_to for e in entries] == [3]
    assert isinstance(engine.model, ScriptedModel)
    asked = engine.model.requests[0].messages[-1]["content"]
    assert asked == f"hi there\n{QUESTION}"


async def test_the_model_knows_what_the_person_said_and_may_only_look_things_up(
    build: BuildEngine,
) -> None:
    engine = await build(
        calls("escalate", reason="x"), says("As I said, choose Reset. It takes 5 minutes [1].")
    )
    talk = owned(Talk().customer("my app").human("I have unlocked it for you.").customer(QUESTION))
    commit, entries, pieces = await play(engine, talk)
    assert isinstance(engine.model, ScriptedModel)
    first = engine.model.requests[0]
    assert first.tools == ["search_knowledge"]
    said = json.dumps(first.messages)
    assert "(a human colleague) I have unlocked it for you." in said
    assert "A human colleague has this conversation now" in said
    assert [e.kind for e in entries] == ["draft"] and pieces.shown == [] and pieces.attempts == 1
    assert commit.tokens_used == 220 and not commit.acted
    assert commit.receipt is not None and commit.receipt["source"] == "model"


async def test_words_that_fail_a_check_twice_give_way_to_the_passage(build: BuildEngine) -> None:
    engine = await build(says("It costs 99 dollars."), says("It costs 98 dollars."))
    commit, entries, _ = await play(engine, owned(Talk().customer(QUESTION)))
    assert [(e.kind, e.text) for e in entries] == [("draft", PASSAGE)]
    assert commit.receipt is not None and commit.receipt["fallback"] == "check_numbers"
    assert commit.tokens_used == 220


async def test_a_model_that_fails_with_nothing_found_leaves_no_draft(build: BuildEngine) -> None:
    engine = await build(fails(ModelRefused("no")))
    talk = owned(Talk().customer("When are you open on holidays?"))
    assert (await play(engine, talk))[1] == []


async def test_a_person_who_answers_meanwhile_ends_the_making_at_once(build: BuildEngine) -> None:
    engine = await build(hangs("Choose "))
    talk = owned(Talk().customer(QUESTION))
    claim, look = talk.claim(), Looker(talk)
    talk.head = talk.head.model_copy(update={"epoch": 1})
    turn = DraftingTurn(engine.turn, engine.drafter, look)
    async with asyncio.timeout(4.9):  # the draft itself may take fifteen seconds
        commit = await turn.run(claim, Pieces(), MemorySteps())
    assert commit.entries == () and look.looks == 1


async def test_words_that_this_claim_does_not_show_are_waited_for(build: BuildEngine) -> None:
    talk = owned(Talk().customer(QUESTION))
    talk.head = talk.head.model_copy(update={"last_customer_seq": 2})
    assert (await play(await build(), talk))[1] == []


async def test_a_draft_that_cannot_be_made_is_no_fault_of_the_turn(
    build: BuildEngine, knowledge: FakeKnowledge
) -> None:
    engine = await build()
    knowledge.broken = True
    commit, entries, _ = await play(engine, owned(Talk().customer(QUESTION)))
    assert entries == [] and commit.state


async def test_a_failed_turn_says_nothing_where_a_person_is(build: BuildEngine) -> None:
    engine = await build()
    turn = DraftingTurn(engine.turn, engine.drafter, Looker(Talk()))
    mine = owned(Talk().customer(QUESTION)).claim()
    assert (await turn.apologise(mine, RuntimeError())).entries == ()
    theirs = Talk().customer(QUESTION).claim()
    assert len((await turn.apologise(theirs, RuntimeError())).entries) == 1


async def test_the_next_answer_of_the_ai_does_not_take_a_draft_for_its_own_word(
    build: BuildEngine,
) -> None:
    engine = await build(says("Choose Reset. It takes 5 minutes [1]."), says("You are welcome."))
    talk = owned(Talk().customer(QUESTION))
    await play_once(engine, talk)
    talk.human("All done.").owned_by("ai").customer("thank you")
    await play_once(engine, talk)
    assert isinstance(engine.model, ScriptedModel)
    said = [message["content"] for message in engine.model.requests[1].messages[1:]]
    assert not any("Choose Reset" in text for text in said)
    assert any("(a human colleague) All done." in text for text in said)


async def play_once(engine: Engine, talk: Talk) -> None:
    turn = DraftingTurn(engine.turn, engine.drafter, Looker(talk))
    talk.apply(await turn.run(talk.claim(), Pieces(), MemorySteps()))


def act(action: str, value: str | None = None) -> EntryBody:
    return EntryBody(
        id=EntryId(f"desk:{action}"), kind="control", action=action, value=value,  # type: ignore[arg-type]
        author=Author(role="human_agent", name="Ada"),
    )  # fmt: skip


async def test_the_order_of_the_log_says_which_draft_counts(build: BuildEngine) -> None:
    talk = owned(Talk().customer(QUESTION))
    _, (draft,), _ = await play(await build(), talk)
    seen = tuple(talk.entries)
    assert current_draft(seen) == draft
    assert current_draft(talk.add(act("snooze")).entries) == draft
    for ends in (act("discard", draft.id), act("release"), act("close")):
        again = Talk()
        again.entries = list(seen)
        assert current_draft(again.add(ends).entries) is None
    again = Talk()
    again.entries = list(seen)
    assert current_draft(again.add(act("discard", "another")).entries) == draft
    assert current_draft(again.customer("and?").entries) is None
