"""Several things in one message."""

from __future__ import annotations

import pytest

from core.engine.clauses import split_clauses
from tests.unit.core.engine.conftest import BuildEngine


@pytest.mark.parametrize(
    ("language", "text", "parts"),
    [
        ("en", "Where is my parcel? And send me the bill please.", 2),
        ("en", "my card was refused and the app does not open", 2),
        ("en", "the jacket is too tight, I want to send it back", 0),
        ("en", "a link to set a new password", 0),
        ("cs", "kde je můj balík a jak si změním heslo", 2),
        ("ru", "где моя посылка, и как сменить пароль", 2),
        ("de", "wo ist mein Paket und wie ändere ich mein Passwort", 2),
        ("es", "dónde está mi paquete y cómo cambio la clave", 2),
        ("en", "salt and pepper", 0),
        ("en", "Hello!", 0),
        (None, "", 0),
        ("en", "One is here. Two is here. Three is here. Four is here. Five is here.", 4),
    ],
)
def test_a_message_is_cut_where_a_part_could_stand_alone(
    language: str | None, text: str, parts: int
) -> None:
    assert len(split_clauses(text, language)) == parts


async def test_each_thing_is_named_with_its_words_and_the_first_leads(build: BuildEngine) -> None:
    triage = (await build()).triage
    decision = await triage.decide("I was charged twice on my invoice. I cannot log in today.")
    assert [found.specialist for found in decision.intents] == ["billing", "technical"]
    assert decision.intents[1].text == "I cannot log in today."
    assert decision.specialist == "billing" and decision.intent == decision.intents[0].intent


async def test_one_matter_in_two_clauses_is_one(build: BuildEngine) -> None:
    triage = (await build()).triage
    decision = await triage.decide("The invoice is wrong, I was charged twice on my invoice.")
    assert [found.specialist for found in decision.intents] == ["billing"]


async def test_what_is_no_question_asks_for_nothing(build: BuildEngine) -> None:
    assert (await (await build()).triage.decide("hello there")).intents == ()


async def test_both_matters_are_looked_up(build: BuildEngine) -> None:
    from tests.unit.core.engine.test_turn_without_a_model import Talk, take_turn

    engine = await build()
    talk = Talk().customer("How do I reset my password? Where do I change my payment card?")
    _, (entry,) = await take_turn(engine, talk)
    assert {citation.document for citation in entry.citations} == {"password", "card"}
