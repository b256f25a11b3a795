"""Topics on offer, answers to several questions, and how long an answer may be."""

from __future__ import annotations

import pytest

from core.engine.choosing import NONE, chosen_topic
from core.engine.open import Engine
from core.engine.plain import readable
from core.engine.spans import shorten
from core.engine.steps import MemorySteps
from core.messages import Entry
from tests.fakes.claims import Pieces, Talk
from tests.fakes.knowledge import FakeKnowledge, passage
from tests.unit.core.engine.conftest import BuildEngine

LABELS = {"topic:1": "Invoice copy", "topic:2": "Wrong invoice", "topic:3": "Změna adresy"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2", "topic:2"),
        ("2.", "topic:2"),
        ("number 1", "topic:1"),
        ("the second one", "topic:2"),
        ("první", "topic:1"),
        ("третье", "topic:3"),
        ("das erste", "topic:1"),
        ("el segundo", "topic:2"),
        ("invoice copy", "topic:1"),
        ("copy", "topic:1"),
        ("zmena adresy", "topic:3"),
        ("4", NONE),
        ("None of these", NONE),
        ("nic z toho", None),
        ("žádné", NONE),
        ("ничего", NONE),
        ("ninguno", NONE),
        ("invoice", None),
        ("9", None),
        ("is the copy free?", None),
        ("", None),
    ],
)
def test_a_topic_is_meant_by_its_place_or_its_words(text: str, meant: str | None) -> None:
    assert chosen_topic(text, LABELS, "None of these") == meant


def test_what_is_too_long_ends_with_a_sentence() -> None:
    text = "First sentence here. Second one follows. " + "word " * 200
    assert shorten(text, 60) == "First sentence here. Second one follows."
    assert shorten("word " * 50, 23) == "word word word word…"
    assert shorten("short", 60) == "short"


@pytest.fixture
async def engine(build: BuildEngine) -> Engine:
    return await build()


async def take_turn(engine: Engine, talk: Talk) -> Entry:
    (entry,) = talk.apply(await engine.turn.run(talk.claim(), Pieces(), MemorySteps()))
    return entry


def labels(entry: Entry) -> list[str]:
    return [button.label for part in entry.parts for button in part.buttons]


@pytest.mark.parametrize("answer", ["2", "the second one", "wrong"])
async def test_a_typed_choice_is_answered_from_that_passage(engine: Engine, answer: str) -> None:
    talk = Talk().customer("There is something with my invoice")
    asked = await take_turn(engine, talk)
    assert labels(asked) == ["Invoice copy", "Invoice wrong", "en:none_of_these"]
    entry = await take_turn(engine, talk.customer(answer))
    assert entry.citations[0].document == "invoice-wrong"


async def test_none_of_these_is_an_honest_no_with_the_offer_of_a_person(engine: Engine) -> None:
    for press in (True, False):
        talk = Talk().customer("There is something with my invoice")
        asked = await take_turn(engine, talk)
        value = asked.parts[0].buttons[-1].value
        talk = talk.presses(value) if press else talk.customer("none of them")
        entry = await take_turn(engine, talk)
        assert entry.text == "en:decline en:offer_human"


async def test_two_questions_in_one_message_are_both_answered_in_turn(engine: Engine) -> None:
    talk = Talk().customer("How do I change my payment card and how do I reset my password?")
    entry = await take_turn(engine, talk)
    assert [item.document for item in entry.citations] == ["card", "password"]
    assert entry.text.index("new card") < entry.text.index("Settings")


async def test_a_command_in_one_breath_with_a_question_is_answered_as_well(engine: Engine) -> None:
    talk = Talk().customer("How do I reset my password?").customer("/language")
    entry = await take_turn(engine, talk)
    assert entry.citations[0].document == "password"
    assert entry.text.endswith("\n\nen:command_language")
    assert labels(entry)[:3] == ["English", "Čeština", "Русский"]


async def test_an_answer_is_a_span_and_no_page(engine: Engine, knowledge: FakeKnowledge) -> None:
    page = "The app needs a login. " * 60
    knowledge.knows("crashes", passage("crash", page))
    entry = await take_turn(engine, Talk().customer("The app crashes when I open it"))
    assert 200 < len(entry.text) <= 600 and entry.text.endswith("login.")
    assert entry.citations[0].document == "crash"


async def test_the_beginning_of_the_article_stands_before_its_best_passage(
    engine: Engine, knowledge: FakeKnowledge
) -> None:
    best = passage("crash", "Then send us the log. Restart it.", score=0.8)
    lead = passage("crash", "Update the app first. Restart it.", score=0.5)
    best, lead = (
        item.model_copy(update={"id": f"crash#{place}"}) for item, place in ((best, 3), (lead, 0))
    )
    knowledge.knows("crashes", best, lead)
    entry = await take_turn(engine, Talk().customer("The app crashes when I open it"))
    assert entry.text == "Update the app first.\n\nThen send us the log. Restart it."
    assert [item.document for item in entry.citations] == ["crash", "crash"]


async def test_a_bare_yes_to_several_topics_asks_which_and_a_no_is_none_of_them(
    engine: Engine,
) -> None:
    talk = Talk().customer("There is something with my invoice")
    asked = await take_turn(engine, talk)
    again = await take_turn(engine, talk.customer("yes"))
    assert labels(again) == labels(asked)
    assert (await take_turn(engine, talk.customer("no"))).reason == "cannot_know"


def test_topics_are_in_the_language_of_the_customer_where_there_are_any() -> None:
    ours, theirs = passage("a", "Preis", language="de"), passage("b", "Price", language="en")
    assert readable([theirs, ours], "de") == [ours]
    assert readable([theirs, ours], "cs") == [theirs, ours]
