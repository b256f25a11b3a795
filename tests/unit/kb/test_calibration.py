"""Scores that are probabilities, and cuts that keep their promises."""

from __future__ import annotations

import numpy as np
import pytest

from kb.calibration import DEFAULT, Calibration, Example, auroc, fit


def examples(*, gap: float, shift: float = 0.0, count: int = 200) -> list[Example]:
    """Right and wrong answers whose evidence lies `gap` apart on average."""
    rng = np.random.default_rng(7)
    made: list[Example] = []
    for right in (True, False):
        for _ in range(count):
            middle = shift + (gap if right else 0.0)
            evidence = (float(rng.normal(middle, 0.2)), float(rng.normal(0.2, 0.05)), 0.0)
            made.append(Example(evidence, right, right, 0.5 / count))
    return made


def score(calibration: Calibration, made: Example) -> float:
    """The probability of an example."""
    total = sum(w * e for w, e in zip(calibration.weights, (*made.evidence, 1.0), strict=True))
    return float(1 / (1 + np.exp(-total)))


@pytest.mark.parametrize("shift", [-2.0, 0.0, 0.8, 3.0])
def test_the_cuts_keep_what_they_say_wherever_the_scores_lie(shift: float) -> None:
    made = examples(gap=0.8, shift=shift)
    calibration = fit(made, passages=50)
    scores = np.array([score(calibration, example) for example in made])
    right = np.array([example.right for example in made])
    assert (scores[right] >= calibration.unsure_cut).mean() >= 0.95
    assert right[scores >= calibration.sure_cut].mean() >= 0.88
    assert 0 < calibration.unsure_cut <= calibration.sure_cut < 1
    assert calibration.auroc is not None
    assert calibration.auroc > 0.95
    assert (calibration.passages, calibration.examples) == (50, 400)


def test_scores_are_as_often_right_as_they_say() -> None:
    made = examples(gap=0.4, count=2000)
    calibration = fit(made, passages=1)
    scores = np.array([score(calibration, example) for example in made])
    right = np.array([example.right for example in made])
    for low in (0.1, 0.3, 0.5, 0.7):
        inside = (scores >= low) & (scores < low + 0.2)
        assert right[inside].mean() == pytest.approx(scores[inside].mean(), abs=0.06)


def test_evidence_that_tells_nothing_makes_nothing_sure() -> None:
    calibration = fit(examples(gap=0.0), passages=1)
    assert calibration.auroc == pytest.approx(0.5, abs=0.08)
    assert calibration.sure_cut > calibration.unsure_cut


def test_extreme_evidence_does_not_break_the_fit() -> None:
    made = examples(gap=40.0, shift=-500.0)
    calibration = fit(made, passages=1)
    assert all(np.isfinite(weight) for weight in calibration.weights)
    assert calibration.auroc == 1.0


def test_a_fit_with_no_right_answer_is_never_sure() -> None:
    wrong = [Example((0.1 * n, 0.0, 0.0), False, True, 0.1) for n in range(10)]
    assert fit(wrong, passages=1).sure_cut == 1.0


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.9, "sure"), (0.75, "sure"), (0.5, "unsure"), (0.1, "none")]
)
def test_a_verdict_is_what_the_cuts_make_of_a_score(value: float, verdict: str) -> None:
    assert DEFAULT.verdict(value) == verdict


def test_auroc_counts_pairs() -> None:
    assert auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == pytest.approx(0.875)
    assert auroc(np.array([1.0]), np.array([])) == 1.0
