"""Honest answers pass the checks, invented ones do not: tables in five languages."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.language import LanguageDetector
from core.specialists.checks import AnswerChecks, Evidence
from core.specialists.sentences import split_sentences

FOLDER = Path(__file__).parent / "answers"
LANGUAGES = ("en", "cs", "ru", "de", "es")
TABLES: dict[str, dict[str, Any]] = {
    name: tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES
}
HONEST = [(name, text) for name in LANGUAGES for text in TABLES[name]["honest"]]
DISHONEST = [
    (name, check, text)
    for name in LANGUAGES
    for check, texts in TABLES[name]["dishonest"].items()
    for text in texts
]
DETECTOR = LanguageDetector()


def checks_of(language: str, *, records: bool = True) -> AnswerChecks:
    """The checks with the evidence of a table; `records`: with an order that was looked up."""
    table = TABLES[language]
    evidence = Evidence([table["passage"]], "passage")
    evidence.add(table["customer"], "customer")
    if records:
        evidence.add(table["tool"], "tool")
    return AnswerChecks(evidence, language, DETECTOR, ledger=tuple, wished=lambda: False)


def failures(checks: AnswerChecks, text: str) -> list[tuple[str, str]]:
    """Names and pieces of all that fails, sentence by sentence."""
    found: list[tuple[str, str]] = []
    before = ""
    for sentence in split_sentences(text):
        if (violation := checks.sentence(sentence, before)) is not None:
            found.append((violation.check, violation.detail))
        before += sentence
    return found


def test_the_tables_are_wide() -> None:
    assert len(HONEST) >= 150
    assert len(DISHONEST) >= 300


@pytest.mark.parametrize(("language", "text"), HONEST)
def test_an_honest_answer_passes(language: str, text: str) -> None:
    assert failures(checks_of(language), text) == []


@pytest.mark.parametrize(("language", "check", "text"), DISHONEST)
def test_a_dishonest_answer_is_stopped(language: str, check: str, text: str) -> None:
    found = failures(checks_of(language, records=check != "grounding"), text)
    assert found, f"passed: {text}"
    if check == "grounding":
        assert found[0][0] == "grounding"


@pytest.mark.parametrize(("language", "text"), HONEST)
def test_an_honest_answer_without_records_is_not_called_unfounded(language: str, text: str) -> None:
    found = failures(checks_of(language, records=False), text)
    assert "grounding" not in [check for check, _ in found]
