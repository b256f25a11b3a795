"""The escalation policy as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.escalation.phrasebook import Said
from core.escalation.policy import Signals, judge
from core.escalation.rules import EscalationRules, read_rules

RULES = EscalationRules.model_validate(
    {
        "reasons": {
            "safety": {"verdict": "now", "priority": "urgent"},
            "may": {"verdict": "offer"},
        },
        "phrases": {
            "safety": {"en": ["caught fire"], "cs": ["začalo hořet"]},
            "may": {"en": ["an exception"]},
        },
    }
)
FIRE, MAY = Said(reason="safety", words="fire"), Said(reason="may", words="exception")
BAD = ("neutral", "frustrated", "angry")


@pytest.mark.parametrize(
    ("signals", "verdict", "reason"),
    [
        (Signals(), "continue", ""),
        (Signals(wish="explicit_wish"), "escalate", "request"),
        (Signals(wish="explicit_wish", offered=True), "escalate", "request"),
        (Signals(said=(FIRE,)), "escalate", "safety"),
        (Signals(said=(FIRE,), wish="human_button"), "escalate", "request"),
        (Signals(said=(MAY,)), "offer", "may"),
        (Signals(said=(MAY,), offered=True), "continue", ""),
        (Signals(possible_wish=True), "offer", "request"),
        (Signals(possible_wish=True, offered=True), "continue", ""),
        (Signals(answered=False), "offer", "cannot_know"),
        (Signals(answered=False, offered=True), "continue", ""),
        (Signals(answered=False, unanswered=2, offered=True), "escalate", "no_progress"),
        (Signals(answered=True, unanswered=9), "continue", ""),
        (Signals(moods=BAD), "offer", "frustration"),
        (Signals(moods=BAD, offered=True), "continue", ""),
        (Signals(moods=(*BAD, "neutral")), "continue", ""),
        (Signals(moods=("angry",)), "continue", ""),
    ],
)
def test_the_first_rule_that_fires_decides(signals: Signals, verdict: str, reason: str) -> None:
    judgement = judge(signals, RULES)
    assert (judgement.verdict, judgement.reason) == (verdict, reason)


def test_a_wish_is_quoted() -> None:
    quote = "a human, please"
    assert judge(Signals(wish="explicit_wish", quote=quote), RULES).span == quote


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It CAUGHT  fire!", "safety"),
        ("V kuchyni zacalo horet", "safety"),
        ("Could you make an exception?", "may"),
        ("It caught firewood", None),
        ("Fire caught", None),
    ],
)
def test_phrases_are_found_whole_and_without_accents(text: str, reason: str | None) -> None:
    found = RULES.find_phrase(text)
    assert (found.reason if found else None) == reason


def test_rules_are_read_and_faults_named(tmp_path: Path) -> None:
    path = tmp_path / "escalation.toml"
    path.write_text("[policy]\nfrustration_turns = 4\n", encoding="utf-8")
    assert read_rules(path).frustration_turns == 4
    path.write_text('[phrases.safety]\nen = "fire"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"phrases\.safety\.en"):
        read_rules(path)
    path.write_text("[policy]\nfrustration_turns = 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"policy\.frustration_turns"):
        read_rules(path)
    with pytest.raises(ConfigError):
        read_rules(tmp_path / "missing.toml")
