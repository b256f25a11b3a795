"""Who asks to be forgotten gets a person: nothing is erased by a word in a chat."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.escalation.rules import read_rules

RULES = read_rules(Path(__file__).resolve().parents[4] / "config" / "escalation.toml")


@pytest.mark.parametrize(
    "wish",
    [
        "Please delete all my personal data, I claim my right to erasure.",
        "Prosím vymažte všechny mé osobní údaje.",
        "Удалите все мои данные, пожалуйста.",
        "Ich verlange die Löschung: Recht auf Löschung nach DSGVO.",
        "Ejerzo mi derecho de supresión, borren mis datos personales.",
    ],
)
def test_a_wish_to_be_forgotten_opens_a_case(wish: str) -> None:
    assert "privacy" in {said.reason for said in RULES.book.hear(wish)}
    assert RULES.reasons["privacy"].verdict == "now"
