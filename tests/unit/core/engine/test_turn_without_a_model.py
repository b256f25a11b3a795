"""Stories of turns without a language model."""

from __future__ import annotations

import pytest

from core.conversation import TurnCommit
from core.engine.asked import HUMAN, NO_HUMAN
from core.engine.open import Engine
from core.engine.steps import MemorySteps
from core.messages import Entry
from tests.fakes.claims import Pieces, Talk
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.unit.core.engine.conftest import BuildEngine


@pytest.fixture
async def engine(build: BuildEngine) -> Engine:
    return await build()


async def take_turn(engine: Engine, talk: Talk) -> tuple[TurnCommit, list[Entry]]:
    commit = await engine.turn.run(talk.claim(), Pieces(), MemorySteps())
    return commit, talk.apply(commit)


async def test_a_sure_passage_is_given_word_for_word_with_its_source(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    commit, (entry,) = await take_turn(engine, talk)
    assert entry.text == "Open Settings and choose Reset. It takes 5 minutes."
    assert entry.author.role == "ai" and entry.author.specialist == "technical"
    assert entry.citations[0].document == "password" and entry.citations[0].score == 0.9
    assert entry.in_reply_to == 1 and entry.id == f"{talk.head.id}:1:0"
    assert talk.head.specialist == "technical" and talk.head.language == "en"
    assert commit.receipt is not None
    assert commit.receipt["passages"][0]["document"] == "password"
    assert commit.receipt["triage"]["specialist"] == "technical"
    assert commit.receipt["outcome"] == "reply" and commit.receipt["model"] is None


async def test_one_embedding_serves_triage_and_search(
    engine: Engine, embedder: WordEmbedder, knowledge: FakeKnowledge
) -> None:
    embedder.calls.clear()
    await take_turn(engine, Talk().customer("How do I reset my password?"))
    assert embedder.calls == [["How do I reset my password?"]]
    assert knowledge.vectors[0] is not None


async def test_an_unsure_search_asks_back_with_topics_and_a_press_is_answered(
    engine: Engine,
) -> None:
    talk = Talk().customer("There is something with my invoice")
    _, (asked,) = await take_turn(engine, talk)
    buttons = [button for part in asked.parts for button in part.buttons]
    assert asked.text == "en:ask_back"
    assert [button.label for button in buttons[:2]] == ["Invoice copy", "Invoice wrong"]
    talk.presses(buttons[1].value)
    _, (answer,) = await take_turn(engine, talk)
    assert answer.text == "Write to us about a wrong invoice."
    assert answer.citations[0].document == "invoice-wrong"


async def test_topics_far_behind_the_best_and_repeats_are_not_offered(
    engine: Engine, knowledge: FakeKnowledge
) -> None:
    knowledge.knows(
        "login",
        passage("sign-in", "Sign in here.", score=0.5),
        passage("sign-in-again", "Or here.", score=0.4, title="Sign in"),
        passage("coffee", "Beans.", score=0.05),
        verdict="unsure",
    )
    _, (entry,) = await take_turn(engine, Talk().customer("Login fails with an error"))
    labels = [button.label for part in entry.parts for button in part.buttons]
    assert labels == ["Sign in", "en:none_of_these"]


async def test_a_question_nobody_can_answer_is_declined_and_a_human_offered_once(
    engine: Engine,
) -> None:
    talk = Talk().customer("Where is your office and what are the opening hours?")
    commit, (first,) = await take_turn(engine, talk)
    assert first.text == "en:decline en:offer_human" and first.reason == "cannot_know"
    assert commit.receipt is not None and commit.receipt["outcome"] == "offer"
    talk.customer("Do you work on holidays in your office?")
    _, (second,) = await take_turn(engine, talk)
    assert second.text == "en:decline_again" and not second.parts


async def test_three_turns_without_an_answer_bring_a_human(engine: Engine) -> None:
    talk = Talk()
    for text in ("Where is your office?", "What is the address of your office?"):
        await take_turn(engine, talk.customer(text))
    _, entries = await take_turn(engine, talk.customer("Which hours are you open?"))
    assert [entry.action for entry in entries] == [None, "escalate"]
    assert entries[1].reason == "no_progress" and talk.head.owner == "human"


async def test_an_explicit_wish_hands_over_at_once(engine: Engine) -> None:
    talk = Talk().customer("I want to talk to a human")
    commit, (words, act) = await take_turn(engine, talk)
    assert words.text == "en:escalated"
    assert act.kind == "control" and act.action == "escalate" and act.reason == "request"
    assert talk.head.owner == "human"
    assert commit.receipt is not None
    assert commit.receipt["escalation"]["span"] == "I want to talk to a human"


async def test_danger_skips_the_bot(engine: Engine) -> None:
    talk = Talk().customer("My phone caught fire, how do I reset my password?")
    _, (_, act) = await take_turn(engine, talk)
    assert act.reason == "safety" and act.value == "phrase"
    assert talk.head.owner == "human" and talk.head.priority == "urgent"


async def test_a_plain_wish_is_heard_even_when_triage_is_broken(
    engine: Engine, embedder: WordEmbedder
) -> None:
    embedder.broken = True
    talk = Talk().customer("a real person please")
    _, (_, act) = await take_turn(engine, talk)
    assert act.reason == "request" and talk.head.owner == "human"


async def test_a_press_for_a_human_counts_whatever_is_pressed_after_it(engine: Engine) -> None:
    talk = Talk().customer("Where is your office?")
    await take_turn(engine, talk)
    await take_turn(engine, talk.presses(HUMAN).presses(NO_HUMAN))
    assert talk.head.owner == "human"


async def test_a_wish_among_other_messages_wins(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?").customer("give me a human agent")
    await take_turn(engine, talk)
    assert talk.head.owner == "human"


@pytest.mark.parametrize("answer", ["yes", "Yes!", "ano"])
async def test_a_yes_to_the_offer_hands_over(engine: Engine, answer: str) -> None:
    talk = Talk().customer("Where is your office?")
    await take_turn(engine, talk)
    await take_turn(engine, talk.customer(answer))
    assert talk.head.owner == "human"


async def test_the_buttons_of_the_offer_work(engine: Engine) -> None:
    talk = Talk().customer("Where is your office?")
    await take_turn(engine, talk)
    _, (refused,) = await take_turn(engine, talk.presses(NO_HUMAN))
    assert refused.text == "en:declined_human" and talk.head.owner == "ai"
    await take_turn(engine, talk.presses(HUMAN))
    assert talk.head.owner == "human"


async def test_a_press_for_a_human_counts_whatever_is_written_after_it(engine: Engine) -> None:
    talk = Talk().customer("Where is your office?")
    await take_turn(engine, talk)
    commit, _ = await take_turn(engine, talk.presses(HUMAN).customer("How do I reset my password?"))
    assert talk.head.owner == "human"
    assert commit.receipt is not None and commit.receipt["escalation"]["rule"] == "human_button"


async def test_a_topic_pressed_beside_a_message_is_answered_too(engine: Engine) -> None:
    talk = Talk().customer("There is something with my invoice")
    _, (asked,) = await take_turn(engine, talk)
    value = asked.parts[0].buttons[0].value
    _, (entry,) = await take_turn(
        engine, talk.presses(value).customer("And how do I reset my password?")
    )
    assert [citation.document for citation in entry.citations] == ["invoice-copy", "password"]


async def test_smalltalk_is_answered_from_the_phrases(engine: Engine) -> None:
    _, (entry,) = await take_turn(engine, Talk().customer("thanks a lot"))
    assert entry.text == "en:thanks"


async def test_what_has_nothing_to_do_with_us_is_declined(engine: Engine) -> None:
    _, (entry,) = await take_turn(engine, Talk().customer("tell me a joke about football"))
    assert entry.text == "en:out_of_scope"


async def test_what_triage_does_not_know_is_asked_back_when_knowledge_has_something_near(
    engine: Engine,
) -> None:
    talk = Talk().customer("zyx wvut qponm invoice lkji hgfed cba abc def ghi jkl")
    commit, (entry,) = await take_turn(engine, talk)
    assert commit.receipt is not None and commit.receipt["triage"]["kind"] == "out_of_scope"
    assert entry.text == "en:ask_back"


async def test_what_is_clearly_not_ours_is_not_asked_back(engine: Engine) -> None:
    _, (entry,) = await take_turn(engine, Talk().customer("tell me a joke about an invoice poem"))
    assert entry.text == "en:out_of_scope"


async def test_a_likely_wish_for_a_human_brings_an_offer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.signals.POSSIBLE_WISH", 0.05)
    text = "talk about the address of the office human invoice"
    commit, (entry,) = await take_turn(engine, Talk().customer(text))
    assert entry.reason == "request" and entry.text.endswith("en:offer_human")
    assert commit.receipt is not None
    assert commit.receipt["escalation"]["rule"] == "possible_wish"


async def test_frames_are_in_the_customers_language_and_passages_in_their_own(
    engine: Engine,
) -> None:
    talk = Talk().customer("Jaké máte otevírací hodiny?")
    _, (entry,) = await take_turn(engine, talk)
    assert entry.text == "cs:other_language\n\nWe are open from 9 to 17."
    assert talk.head.language == "cs"


async def test_a_text_without_a_language_keeps_the_last_one(engine: Engine) -> None:
    talk = Talk().customer("Jaké máte otevírací hodiny?")
    await take_turn(engine, talk)
    await take_turn(engine, talk.customer("1234567"))
    assert talk.head.language == "cs"


async def test_several_messages_get_one_answer_that_saw_all(engine: Engine) -> None:
    talk = Talk().customer("hello").customer("I have two questions")
    talk.customer("How do I reset my password?").customer("And how do I change my payment card?")
    commit, (entry,) = await take_turn(engine, talk)
    assert "Open Settings" in entry.text and "Add a new card" in entry.text
    assert {citation.document for citation in entry.citations} == {"password", "card"}
    assert commit.receipt is not None and commit.receipt["messages"] == [1, 2, 3, 4]
    assert entry.in_reply_to == 4 and entry.id.endswith(":4:0")


async def test_a_greeting_beside_a_question_does_not_hide_it(engine: Engine) -> None:
    talk = Talk().customer("hello").customer("How do I reset my password?")
    _, (entry,) = await take_turn(engine, talk)
    assert entry.text.startswith("Open Settings")


async def test_a_short_follow_up_leans_on_the_message_before(
    engine: Engine, knowledge: FakeKnowledge
) -> None:
    talk = Talk().customer("How do I reset my password?")
    knowledge.broken = True
    await take_turn(engine, talk)
    knowledge.broken = False
    _, (entry,) = await take_turn(engine, talk.customer("login in the app?"))
    assert entry.text.startswith("Open Settings")


async def test_the_answer_just_given_is_none_to_another_short_question(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    _, (entry,) = await take_turn(engine, talk)
    assert entry.text.startswith("Open Settings")
    _, (entry,) = await take_turn(engine, talk.customer("login on the Moon?"))
    assert not entry.text.startswith("Open Settings") and entry.reason == "cannot_know"


async def test_what_is_named_as_anothers_is_asked_back_and_not_answered_as_ours(
    engine: Engine, knowledge: FakeKnowledge
) -> None:
    knowledge.knows("e14", passage("error", "E14 means that no water flows.", title="Error E14"))
    _, (entry,) = await take_turn(engine, Talk().customer("Mein Geschirrspüler zeigt E14"))
    assert entry.reason == "ask_back" and "Error E14" in {
        button.label for row in entry.parts for button in row.buttons
    }
    _, (entry,) = await take_turn(engine, Talk().customer("Meine Maschine zeigt E14"))
    assert entry.text.endswith("E14 means that no water flows.")


async def test_a_typed_no_to_the_offer_of_a_person_is_taken_for_one(engine: Engine) -> None:
    talk = Talk().customer("Where is your office?")
    await take_turn(engine, talk)
    _, (entry,) = await take_turn(engine, talk.customer("No"))
    assert entry.reason == "declined_human"


async def test_a_language_that_is_asked_for_in_words_is_spoken(engine: Engine) -> None:
    talk = Talk().customer("Auf Deutsch bitte")
    _, (entry,) = await take_turn(engine, talk)
    assert entry.reason == "language_chosen" and entry.language == "de"


async def test_a_short_message_that_is_clear_by_itself_leans_on_nothing(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    await take_turn(engine, talk)
    _, (entry,) = await take_turn(engine, talk.customer("What are your opening hours"))
    assert not entry.text.startswith("Open Settings")


@pytest.mark.parametrize(("owner", "status"), [("human", "open"), ("nobody", "closed")])
async def test_who_does_not_own_the_conversation_is_silent(
    engine: Engine, owner: str, status: str
) -> None:
    talk = Talk().customer("How do I reset my password?")
    talk.owned_by(owner, status)  # type: ignore[arg-type]
    commit, entries = await take_turn(engine, talk)
    assert not entries and commit.receipt is None and commit.head.owner is None


async def test_words_of_a_human_move_the_cursor_only(engine: Engine) -> None:
    commit, entries = await take_turn(engine, Talk().human("I looked into it."))
    assert not entries and commit.receipt is None


async def test_the_active_specialist_stays_unless_the_topic_clearly_changes(
    engine: Engine,
) -> None:
    talk = Talk().customer("I cannot log in with my password")
    await take_turn(engine, talk)
    assert talk.head.specialist == "technical"
    await take_turn(engine, talk.customer("and what now with it?"))
    assert talk.head.specialist == "technical"
    await take_turn(engine, talk.customer("I was charged twice on my invoice, refund my payment"))
    assert talk.head.specialist == "billing"


async def test_two_frustrated_turns_bring_an_offer(engine: Engine) -> None:
    talk = Talk()
    text = "again the same trouble, my password still does not work, nothing works still"
    await take_turn(engine, talk.customer(text))
    _, (entry,) = await take_turn(engine, talk.customer(text))
    assert entry.reason == "frustration" and entry.text.endswith("en:offer_human")
    assert entry.citations


async def test_a_broken_search_offers_a_human(engine: Engine, knowledge: FakeKnowledge) -> None:
    knowledge.broken = True
    _, (entry,) = await take_turn(engine, Talk().customer("How do I reset my password?"))
    assert entry.text == "en:unavailable en:offer_human" and entry.reason == "failure"


async def test_a_broken_embedder_still_gets_an_answer(
    engine: Engine, embedder: WordEmbedder
) -> None:
    embedder.broken = True
    _, (entry,) = await take_turn(engine, Talk().customer("How do I reset my password?"))
    assert entry.text == "en:unavailable en:offer_human"


async def test_a_message_without_words_is_asked_for_some(engine: Engine) -> None:
    _, (entry,) = await take_turn(engine, Talk().customer("  "))
    assert entry.text == "en:no_text"


async def test_broken_state_is_forgotten(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?")
    talk.state = {"topics": 7, "moods": "x"}
    _, (entry,) = await take_turn(engine, talk)
    assert entry.citations


async def test_the_apology_needs_nothing_and_speaks_the_language(engine: Engine) -> None:
    talk = Talk().customer("Jaké máte otevírací hodiny?")
    commit = await engine.turn.apologise(talk.claim(attempts=5), RuntimeError("boom"))
    assert [entry.text for entry in commit.entries] == ["cs:apology"]
    assert commit.receipt is not None and commit.receipt["attempts"] == 5


@pytest.mark.parametrize(
    ("seconds", "text", "owner"),
    [
        (20, "How do I reset my password?", "human"),
        (1, "How do I reset my password?", "ai"),
        (20, "How do I reset my password? My ticket is T-{}", "ai"),
    ],
    ids=["asked again after reading", "sent again at once", "about something else each time"],
)
async def test_only_who_asks_the_same_again_after_reading_goes_in_circles(
    engine: Engine, seconds: float, text: str, owner: str
) -> None:
    talk = Talk()
    for number in range(3):
        await take_turn(engine, talk.wait(seconds).customer(text.format(number)))
    assert talk.head.owner == owner
