"""Who may answer what: the file, the changes, and what the figures speak for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.learning.autonomy import (
    MEASURED,
    AutonomyRules,
    Change,
    Judged,
    judge_intents,
    last_applied,
    may_apply,
    mode_of,
    read_autonomy,
)
from core.learning.measure import Tally

NOW = datetime(2026, 5, 1, tzinfo=UTC)
REFUND = "billing.refund"
GOOD, BAD = Tally(used=19, edited=1), Tally(used=3, ignored=7)


def rules(**fields: object) -> AutonomyRules:
    return AutonomyRules.model_validate(fields)


def change(after: str, *, days: float = 30, **fields: object) -> Change:
    base = {"id": "au_1", "intent": REFUND, "before": "auto", "status": "applied"}
    made = {"made_by": MEASURED, "at": NOW - timedelta(days=days), "after": after}
    return Change.model_validate({**base, **made, **fields})


def judge(
    tally: Tally = Tally(), *changes: Change, complaints: int = 0, **fields: object  # noqa: B008 -- frozen
) -> list[Judged]:  # fmt: skip
    return judge_intents(
        rules(**fields), changes, {REFUND: tally}, {REFUND: complaints} if complaints else {}, NOW
    )


def test_the_last_applied_change_counts_more_than_the_file() -> None:
    made = [change("draft"), change("auto", days=2, status="suggested")]
    assert mode_of(REFUND, rules(), last_applied(made)) == "draft"
    assert mode_of(REFUND, rules(intents={REFUND: "draft"}), {}) == "draft"
    assert mode_of(REFUND, rules(default="draft"), {}) == "draft"
    assert mode_of(REFUND, rules(), {}) == "auto"


def test_drafts_that_are_used_as_they_are_speak_for_auto() -> None:
    (judged,) = judge(GOOD, default="draft")
    assert (judged.before, judged.after) == ("draft", "auto")
    assert judged.figures["n"] == 20 and "19 of 20" in judged.why


@pytest.mark.parametrize(
    ("tally", "complaints"),
    [(Tally(used=19), 0), (Tally(used=16, edited=4), 0), (GOOD, 5), (Tally(), 0)],
)
def test_too_few_or_too_many_complaints_do_not(tally: Tally, complaints: int) -> None:
    assert judge(tally, default="draft", complaints=complaints) == []


@pytest.mark.parametrize(
    ("tally", "complaints", "why"), [(BAD, 0, "only 3 of 10"), (GOOD, 5, "5 complaints")]
)
def test_ignored_drafts_and_complaints_speak_against_auto(
    tally: Tally, complaints: int, why: str
) -> None:
    (judged,) = judge(tally, complaints=complaints)
    assert (judged.after, judged.why.startswith(why)) == ("draft", True)
    assert judge(Tally(used=4, ignored=6)) == [] and judge(GOOD, complaints=4) == []


def test_what_waits_or_was_decided_lately_is_left_alone() -> None:
    assert judge(BAD, change("draft", days=99, status="suggested")) == []
    assert judge(BAD, change("auto", days=3)) == []
    assert judge(BAD, change("draft", days=3, status="dismissed")) == []
    assert judge(BAD, change("draft", days=99, status="dismissed")) != []


def test_nothing_is_done_unasked_unless_the_file_says_so() -> None:
    (judged,) = judge(BAD)
    allowed = rules(measured={"apply": True})
    assert not may_apply(judged, rules(), [])
    assert may_apply(judged, allowed, [])
    assert may_apply(judged, allowed, [change("auto", days=60)])


def test_a_persons_word_is_never_changed_without_them() -> None:
    (judged,) = judge(BAD)
    allowed = rules(measured={"apply": True})
    assert not may_apply(judged, allowed, [change("auto", made_by="Ada")])
    agreed = change("auto", decided_by="Ada", decided_at=NOW - timedelta(days=20))
    assert not may_apply(judged, allowed, [agreed])
    assert not may_apply(judged, rules(intents={REFUND: "auto"}, measured={"apply": True}), [])


def test_the_file_that_comes_with_the_product_changes_nothing() -> None:
    path = Path(__file__).parents[4] / "config" / "autonomy.toml"
    assert read_autonomy(path) == AutonomyRules()
    assert read_autonomy(path.with_name("missing.toml")) == AutonomyRules()


@pytest.mark.parametrize(
    "text",
    ['default = "silent"', '[intents]\nrefund = "draft"', "[measured]\napplies = true", "= 1"],
)
def test_a_file_that_makes_no_sense_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "autonomy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"autonomy\.toml"):
        read_autonomy(path)
