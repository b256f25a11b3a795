"""Laws of the policy, whatever the signals: drawn at random, with a seed."""

from __future__ import annotations

import random

import pytest

from core.escalation.alarm import Alarm
from core.escalation.phrasebook import Said
from core.escalation.policy import Judgement, Signals, judge, judge_words
from core.escalation.rules import EscalationRules

RULES = EscalationRules.model_validate(
    {
        "vip_tiers": ["vip"],
        "reasons": {
            "safety": {"verdict": "now", "priority": "urgent"},
            "request": {"verdict": "now"},
            "frustration": {"verdict": "offer"},
        },
    }
)
MOODS = ("positive", "neutral", "negative", "frustrated", "angry")
REASONS = ("request", "safety", "frustration", "legal")
MANY = range(1500)


def draw(seed: int) -> Signals:
    """Any signals at all."""
    dice = random.Random(seed)
    said = tuple(
        Said(reason=dice.choice(REASONS), words="w", sentence="s", denied=dice.random() < 0.3)
        for _ in range(dice.choice((0, 0, 1, 2)))
    )
    now, reason = dice.random(), dice.choice(REASONS)
    alarm = Alarm(
        reason=reason, now=now, wish=now if reason == "request" else 0.0, cut=0.7,
        offer=dice.random() / 2, offer_reason="frustration", shares={reason: now}, text="t",
    )  # fmt: skip
    return Signals(
        possible_wish=dice.random() < 0.2,
        said=said,
        alarm=dice.choice((None, alarm)),
        moods=tuple(dice.choices(MOODS, k=dice.randrange(5))),
        repeats=dice.choice((0, 0, 0, 1, 2)),
        same_answers=dice.choice((0, 0, 1, 2)),
        unanswered=dice.randrange(3),
        misses=dice.choice((0, 0, 1, 2)),
        offered=dice.random() < 0.5,
        answered=dice.random() < 0.7,
        failed_tools=dice.randrange(3),
        refused=dice.random() < 0.1,
        failed=dice.random() < 0.1,
        priority=dice.choice((None, "low", "high", "urgent")),
        tier=dice.choice((None, "vip", "basic")),
        elsewhere=dice.randrange(6),
    )


@pytest.mark.parametrize("wish", ["explicit_wish", "human_button", "accepted_offer"])
def test_a_wish_always_escalates(wish: str) -> None:
    for seed in MANY:
        signals = draw(seed).model_copy(update={"wish": wish})
        assert judge(signals, RULES).verdict == "escalate"
        assert judge_words(signals, RULES).verdict == "escalate"


def test_a_human_is_never_offered_twice() -> None:
    for seed in MANY:
        signals = draw(seed).model_copy(update={"offered": True})
        assert judge(signals, RULES).verdict != "offer"


def test_an_offer_before_changes_no_hand_over() -> None:
    for seed in MANY:
        fresh = judge(draw(seed).model_copy(update={"offered": False}), RULES)
        later = judge(draw(seed).model_copy(update={"offered": True}), RULES)
        if fresh.verdict == "escalate":
            assert later == fresh


def test_every_verdict_but_continue_has_a_reason_and_a_rule() -> None:
    for seed in MANY:
        found = judge(draw(seed), RULES)
        assert bool(found.reason and found.rule) is (found.verdict != "continue")


def test_what_the_words_decide_stands_whatever_the_answer_was() -> None:
    for seed in MANY:
        signals = draw(seed)
        before = judge_words(signals, RULES)
        if before.verdict == "escalate":
            assert judge(signals, RULES) == before


def test_calm_signals_go_on() -> None:
    assert judge(Signals(), RULES) == Judgement(verdict="continue")


def test_a_denied_wish_silences_the_ear() -> None:
    alarm = Alarm(reason="request", now=0.9, wish=0.9, cut=0.6, shares={"request": 0.9}, text="t")
    said = (Said(reason="request", words="agent", sentence="no agent", denied=True),)
    assert judge(Signals(alarm=alarm), RULES).verdict == "escalate"
    assert judge(Signals(alarm=alarm, said=said), RULES).verdict == "continue"


def test_a_phrase_that_the_ear_finds_absurd_does_not_count() -> None:
    said = (Said(reason="safety", words="on fire", sentence="this deal is on fire"),)
    deaf = Alarm(reason="safety", now=0.01, cut=0.6, shares={}, text="t")
    assert judge(Signals(said=said, alarm=deaf), RULES).verdict == "continue"
    assert judge(Signals(said=said), RULES).verdict == "escalate"


def test_frustration_is_a_trend() -> None:
    def after(*moods: str) -> str:
        return judge(Signals(moods=moods), RULES).verdict

    assert after("angry") == "continue"
    assert after("frustrated", "angry") == "offer"
    assert after("frustrated", "angry", "angry") == "escalate"
    assert after("frustrated", "angry", "neutral", "angry") == "continue"


def test_high_stakes_turn_an_offer_into_a_hand_over() -> None:
    bad = ("frustrated", "angry")
    assert judge(Signals(moods=bad, tier="VIP"), RULES).verdict == "escalate"
    assert judge(Signals(moods=bad, priority="urgent"), RULES).rule == "frustration_turns:stakes"
    assert judge(Signals(moods=bad, tier="basic"), RULES).verdict == "offer"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"repeats": 2}, "repeated_question"),
        ({"same_answers": 2}, "repeated_answer"),
        ({"misses": 2}, "failed_identifications"),
        ({"answered": False, "unanswered": 2}, "unanswered_turns"),
    ],
)
def test_going_in_circles_brings_a_human(change: dict[str, object], rule: str) -> None:
    found = judge(Signals().model_copy(update=change), RULES)
    assert (found.verdict, found.reason, found.rule) == ("escalate", "no_progress", rule)
