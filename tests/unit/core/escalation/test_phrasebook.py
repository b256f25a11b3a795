"""What the shipped phrases hear, and what they let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.escalation.phrasebook import compile_book, fold, sentences_of
from core.escalation.rules import EscalationRules, read_rules


@pytest.fixture(scope="module")
def rules(root: Path) -> EscalationRules:
    return read_rules(root / "config" / "escalation.toml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("No I want to talk to a person", "request"),
        ("I don't understand this, connect me with an agent", "request"),
        ("I don't want a bot", "request"),
        ("Nechci mluvit s robotem", "request"),
        ("chci mluvit s operatorem", "request"),
        ("Дайте, пожалуйста, живого человека", "request"),
        ("Verstehe ich nicht, ich möchte einen Menschen sprechen", "request"),
        ("No entiendo nada, páseme con un agente", "request"),
        ("Mi abogado se pondrá en contacto", "legal"),
        ("Z vysavače se valí kouř a smrdí to spáleninou", "safety"),
        ("I see no reason to live", "safety"),
        ("Ich sehe keinen Grund mehr zu leben", "safety"),
        ("My husband passed away", "bereavement"),
    ],
)
def test_a_reason_is_heard(rules: EscalationRules, text: str, reason: str) -> None:
    found = rules.find_phrase(text)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "Please add an agent seat",
        "No operator needed, just the price",
        "Where is your human resources department?",
        "I'd like to talk to my colleague about the price",
        "No quiero hablar con un agente",
        "I don't need a lawyer",
        "Operátora nepotřebuji",
        "Оператор не нужен, спасибо",
        "Bitte nicht weiterleiten",
        "My phone died, do you repair it?",
        "Umřela mi baterie v notebooku",
        "Where do I report a phishing email?",
    ],
)
def test_a_lookalike_or_a_denial_fires_nothing(rules: EscalationRules, text: str) -> None:
    assert rules.find_phrase(text) is None


def test_the_sentence_that_fired_is_quoted(rules: EscalationRules) -> None:
    found = rules.find_phrase("I like the lamp. But it caught fire! What now?")
    assert found is not None
    assert found.sentence == "But it caught fire!"


def test_no_letter_of_a_text_is_lost_between_sentences() -> None:
    text = "One. Two?! Three…\n\nFour"
    assert "".join(sentences_of(text)).replace("\n", "") == text.replace("\n", "")


def test_gaps_stars_and_slots_are_understood() -> None:
    book = compile_book(
        {"request": {"en": ("talk to ~ {human}", "^{human}$", "escalat*")}},
        {"en": {"human": ("human", "live agent")}}, {}, {},
    )  # fmt: skip

    def hears(text: str) -> bool:
        return bool(book.hear(text))

    assert hears("talk to a very nice human")
    assert hears("Live  agent!")
    assert hears("please escalated this")
    assert not hears("talk to one two three four human")
    assert not hears("a live agent seat")


def test_case_accents_and_spaces_do_not_matter() -> None:
    assert fold("Žlutý  KŮŇ’s") == "zluty kun's"
