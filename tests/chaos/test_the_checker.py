"""The checker of channels finds what is wrong, each kind; and nothing where all is right."""

from __future__ import annotations

from tests.chaos.checker import judge
from tests.chaos.named import find_unnamed

SAID = {"anna": ["refA", "refB", "refC"], "bert": ["refD"]}


def test_all_answered_in_order_alone_or_together_is_right() -> None:
    verdict = judge(SAID, {"anna": ["refA", "refB.\nrefC."], "bert": ["refD"]})
    assert str(verdict) == "4 asked, 0 unanswered, 0 answered twice, 0 out of order, 0 nobody's"


def test_what_nobody_answered_is_named() -> None:
    assert judge(SAID, {"anna": ["refA", "refC"]}).unanswered == ("anna refB", "bert refD")


def test_what_was_answered_twice_is_named() -> None:
    seen = {"anna": ["refA", "refB refC", "refB refC"], "bert": ["refD"]}
    assert judge(SAID, seen).doubled == ("anna refB", "anna refC")


def test_a_repeat_is_no_break_of_order() -> None:
    seen = {"anna": ["refA", "refB", "refA", "refC"], "bert": ["refD"]}
    assert judge(SAID, seen).disordered == ()


def test_what_comes_too_late_is_named() -> None:
    seen = {"anna": ["refB", "refA", "refC"], "bert": ["refD"]}
    assert judge(SAID, seen).disordered == ("anna refA",)


def test_an_answer_in_the_wrong_chat_is_named() -> None:
    verdict = judge(SAID, {"anna": ["refA refB refC refD"], "bert": []})
    assert verdict.strange == ("anna refD",) and verdict.unanswered == ("bert refD",)


def test_what_came_more_often_than_was_named_is_found() -> None:
    seen = {"anna": ["Yes.", "Yes.", "No.", "No.", "No."], "bert": ["Well.", "Well."]}
    assert find_unnamed(seen, {"Yes.": 1, "No.": 1}) == [
        "anna: 'No.' 3 times", "bert: 'Well.' 2 times",
    ]  # fmt: skip
    assert find_unnamed(seen, {"Yes.": 1, "No.": 2, "Well.": 1, "Never.": 4}) == []
