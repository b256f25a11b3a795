"""From evidence to an honest probability, and from that to a verdict. Pure.

Above: `kb.search` applies one, `kb.calibrator` fits one. Below: `kb.ranking`, numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kb.ranking import Ranked

# Raised whenever the evidence, or what a piece of it means, changes: what was fitted on the old
# evidence is then no calibration any more, and a new one is made.
RECIPE = 3
Verdict = Literal["sure", "unsure", "none"]
Numbers = NDArray[np.float64]

# Share of answerable questions that the unsure cut lets through. The aim is 95 % of real ones,
# which are put less plainly than the titles that are learned from.
KEEP = 0.98
PRECISE = 0.9  # share of what the sure cut lets through that is right
# How hard the fit holds on to each default weight. The constant is nearly free: how high scores lie
# is what differs between knowledge bases. Nearness is nearly fixed: titles, from which is learned,
# are all near.
_STIFFNESS = (0.005, 0.005, 0.5, 0.0001)
# A middling passage may be sure too, when no other matter is near it. Measured on 386 hand-written
# questions in other words than the articles' (docs/adr/0011-search.md): right in 87 of 100 cases,
# as above the sure cut alone, and twice as many answers.
CLEAR_SCORE, CLEAR_AHEAD = 0.2, 0.1
_SURE_AT_LEAST = 0.4  # share of the right answers that the sure cut must let through
_ROUNDS = 50


@dataclass(frozen=True)
class Example:
    """The best passage of a question, or None if nothing was found. `right`: it does answer;
    `answerable`: something in the knowledge does; `weight` sums to 1 for each kind."""

    evidence: tuple[float, ...]
    right: bool
    answerable: bool
    weight: float


class Calibration(BaseModel):
    """`weights` of the evidence (the last one is the constant) and the cuts of the verdicts.

    `passages` and `examples` say what it was fitted on; 0 examples: the default, not fitted.
    """

    model_config = ConfigDict(frozen=True)

    weights: tuple[float, ...]
    sure_cut: float
    unsure_cut: float
    passages: int = 0
    examples: int = 0
    auroc: float | None = None
    kept: float | None = None
    precision: float | None = None

    def score(self, found: Ranked) -> float:
        """The probability that the passage answers."""
        return float(_probabilities(np.array([evidence_of(found)]), self.weights)[0])

    def verdict(self, score: float, ahead: float = 0.0) -> Verdict:
        """What may be done with a best passage of this score, so far ahead of all other matters."""
        if score >= self.sure_cut or (score >= CLEAR_SCORE and ahead >= CLEAR_AHEAD):
            return "sure"
        return "unsure" if score >= self.unsure_cut else "none"


# Fitted on 125 help pages in five languages (docs/adr/0011-search.md); what a knowledge base
# is judged by until it has enough documents of its own.
DEFAULT = Calibration(weights=(6.0, 6.0, 1.2, -4.5), sure_cut=0.75, unsure_cut=0.3)


def evidence_of(found: Ranked) -> tuple[float, ...]:
    """What the probability is made of: meaning (codes and handicap included), letters, nearness."""
    return (found.meaning + found.codes + found.handicap, found.letters, found.nearness)


def fit(examples: Sequence[Example], *, passages: int) -> Calibration:
    """Weights by logistic regression held near the default ones, cuts by their stated shares."""
    evidence = np.array([example.evidence for example in examples])
    right = np.array([example.right for example in examples], dtype=float)
    answerable = np.array([example.answerable for example in examples])
    share = np.array([example.weight for example in examples])
    share = share / share.sum()
    held_out = _held_out(evidence, right, share)
    weights = _regress(evidence, right, share)
    unsure = float(np.quantile(held_out[answerable], 1 - KEEP))
    sure = _precise_cut(held_out, right, share, floor=unsure)
    return Calibration(
        weights=tuple(float(weight) for weight in weights),
        sure_cut=round(sure, 4),
        unsure_cut=round(unsure, 4),
        passages=passages,
        examples=len(examples),
        auroc=round(auroc(held_out[answerable], held_out[~answerable]), 4),
        kept=round(float((held_out[answerable] >= unsure).mean()), 4),
        precision=round(_precision(held_out, right, share, sure), 4),
    )


def auroc(inside: Numbers, outside: Numbers) -> float:
    """The chance that one of the inside scores above one of the outside; ties count half."""
    if not len(inside) or not len(outside):
        return 1.0
    above = (inside[:, None] > outside[None]).mean()
    return float(above + 0.5 * (inside[:, None] == outside[None]).mean())


def _held_out(evidence: Numbers, right: Numbers, share: Numbers, folds: int = 5) -> Numbers:
    """The probability of each example by weights that were fitted without it."""
    fold = np.arange(len(right)) % folds
    result = np.zeros(len(right))
    for number in range(folds):
        held = fold == number
        if held.all() or not held.any():
            return _probabilities(evidence, _regress(evidence, right, share))
        weights = _regress(evidence[~held], right[~held], share[~held] / share[~held].sum())
        result[held] = _probabilities(evidence[held], weights)
    return result


def _regress(evidence: Numbers, right: Numbers, share: Numbers) -> Numbers:
    """Weights of least loss, by Newton's steps, each halved until it is one downwards."""
    rows = _with_constant(evidence)
    prior = np.array(DEFAULT.weights)
    prior[-1] = -(evidence @ prior[:-1]).mean()  # begin in the middle of the evidence
    hold = np.array(_STIFFNESS)

    def loss(weights: Numbers) -> float:
        chance = np.clip(_sigmoid(rows @ weights), 1e-12, 1 - 1e-12)
        missed = right * np.log(chance) + (1 - right) * np.log(1 - chance)
        return float((hold * (weights - prior) ** 2).sum() / 2 - (share * missed).sum())

    weights: Numbers = prior.copy()
    for _ in range(_ROUNDS):
        chance = _sigmoid(rows @ weights)
        slope: Numbers = rows.T @ (share * (chance - right)) + hold * (weights - prior)
        curve: Numbers = (rows * (share * chance * (1 - chance))[:, None]).T @ rows
        step = np.linalg.solve(curve + np.diag(hold), slope).astype(np.float64)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-6:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() <= 1e-6:
            break
    return weights


def _probabilities(evidence: Numbers, weights: Sequence[float] | Numbers) -> Numbers:
    return _sigmoid(_with_constant(evidence) @ np.array(weights))


def _with_constant(evidence: Numbers) -> Numbers:
    return np.hstack([evidence, np.ones((len(evidence), 1))])


def _sigmoid(value: Numbers) -> Numbers:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -30, 30)))


def _precise_cut(scores: Numbers, right: Numbers, share: Numbers, *, floor: float) -> float:
    """The lowest cut above the floor whose precision is as wanted; no higher than what lets enough
    right answers through, for what counts as wrong here may be right by another document."""
    if not right.any():
        return 1.0
    highest = float(np.quantile(scores[right > 0], 1 - _SURE_AT_LEAST))
    for cut in np.unique(scores[scores >= floor]):
        if _precision(scores, right, share, float(cut)) >= PRECISE:
            return max(floor, min(float(cut), highest))
    return max(floor, highest)


def _precision(scores: Numbers, right: Numbers, share: Numbers, cut: float) -> float:
    above = scores >= cut
    total = float(share[above].sum())
    return float((share * right)[above].sum()) / total if total else 1.0
