"""What a model may say: figures and links from the evidence, whole sentences, no raw JSON."""

from __future__ import annotations

import pytest

from core.language import LanguageDetector
from core.specialists.checks import AnswerChecks, Evidence, Violation, speaks_other_language
from core.specialists.gate import CheckFailed, SentenceGate


def violation(text: str, evidence: Evidence) -> str | None:
    checks = AnswerChecks(evidence, "en", None, ledger=tuple, wished=lambda: False)
    found = checks.sentence(text, "")
    return found.check if found else None


EVIDENCE = "Returns take 14 days and cost 1,250.50 EUR. See https://help.example.com/returns/eu."


@pytest.mark.parametrize(
    "text",
    [
        "It takes 14 days.",
        "That is 1250.50 in all.",
        "That is 1 250,50 in all.",
        "1. Pack it.\n2. Send it.",
        "See help.example.com/returns/eu for more.",
        "See https://help.example.com/returns for more.",
        "No figures at all.",
    ],
)
def test_what_stands_in_the_evidence_may_be_said(text: str) -> None:
    assert violation(text, Evidence([EVIDENCE])) is None


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("It takes 15 days.", "numbers"),
        ("That is 1250.51 in all.", "numbers"),
        ("Call 555 0100.", "numbers"),
        ("Back on 2026-03-01.", "dates"),
        ("See https://help.example.com.evil.example/returns.", "links"),
        ("See help.example.com/ret for it.", "links"),
        ("See www.other.example or write.", "links"),
        ("Write to boss@example.com.", "links"),
        ("Broken \ufffd words.", "garbage"),
    ],
)
def test_what_is_invented_is_found(text: str, check: str) -> None:
    assert violation(text, Evidence([EVIDENCE])) == check


def test_evidence_grows_with_the_turn() -> None:
    evidence = Evidence()
    assert evidence.invented_numbers("7 days") == ["7"]
    evidence.add("within 7 days")
    assert not evidence.invented_numbers("7 days")


def test_another_language_is_noticed_only_when_it_is_clear() -> None:
    detector = LanguageDetector()
    german = "Bitte gehen Sie in die Einstellungen und ändern Sie dort Ihr Passwort."
    assert speaks_other_language(german, "en", detector)
    assert not speaks_other_language(german, "de", detector)
    assert not speaks_other_language("OK, Reset.", "cs", detector)


def lenient(sentence: str, before: str) -> Violation | None:
    return Violation(check="word") if "bad" in sentence else None


def test_a_sentence_waits_until_it_is_complete() -> None:
    gate = SentenceGate(lenient)
    assert gate.feed("One two") == ""
    assert gate.feed(" three. Fo") == "One two three. "
    assert gate.feed("ur.") == ""
    assert gate.finish() == "Four."
    assert gate.text == "One two three. Four."


def test_the_pieces_let_through_add_up_to_the_text() -> None:
    gate = SentenceGate(lenient)
    words = "First one [1]. Second, e.g. this [2][1]!\n\n- a list\n- more of it [3]\nThe end."
    shown = "".join([*(gate.feed(letter) for letter in words), gate.finish()])
    assert shown.strip() == gate.text
    assert gate.text == "First one. Second, e.g. this!\n\n- a list\n- more of it\nThe end."
    assert gate.marks == (1, 2, 3)


def test_a_bad_sentence_stops_everything_after_it() -> None:
    gate = SentenceGate(lenient)
    assert gate.feed("Good. ") == "Good. "
    with pytest.raises(CheckFailed, match="word"):
        gate.feed("This is bad. ")
    assert gate.text == "Good."


def test_json_is_held_back_to_the_end() -> None:
    gate = SentenceGate(lenient)
    assert gate.feed('```json\n{"name": "x. y"}\n') == ""
    assert "name" in gate.raw
    with pytest.raises(CheckFailed, match="garbage"):
        gate.finish()


def test_thoughts_are_left_out() -> None:
    gate = SentenceGate(lenient)
    shown = gate.feed("<thi") + gate.feed("nk>bad. bad.</think>\nHello") + gate.feed(" you. ")
    assert shown == "Hello you. "
    assert gate.finish() == ""


def test_an_endless_answer_is_stopped() -> None:
    gate = SentenceGate(lenient)
    for _ in range(99):
        gate.feed("word. " * 10)
    with pytest.raises(CheckFailed, match="length"):
        gate.feed("word. " * 20)
