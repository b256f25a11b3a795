"""The parts of the head: logistic regression, pieces of words, typicality."""

from __future__ import annotations

import numpy as np

from core.engine.logistic import fit_logistic, log_softmax, softmax, with_bias
from core.engine.ngrams import fit_grams
from core.engine.typical import fit_typical
from core.text import unmarked


def test_the_fit_is_where_the_slope_ends() -> None:
    generator = np.random.default_rng(5)
    rows = generator.normal(size=(60, 8)).astype(np.float32)
    targets = np.arange(60) % 3
    weights = fit_logistic(rows, targets, 3, strength=2.0)
    wrong = softmax(with_bias(rows) @ weights.T)
    wrong[np.arange(60), targets] -= 1
    slope = wrong.T @ with_bias(rows) / 60 + weights / (2.0 * 60)
    assert np.abs(slope).max() < 2e-3
    assert np.allclose(np.exp(log_softmax(rows)).sum(axis=1), 1, atol=1e-5)


def test_czech_without_diacritics_has_the_same_pieces() -> None:
    grams = fit_grams(["Zapomněl jsem heslo", "Kde je můj balík?"])
    one, two, other = grams.place(
        ["Zapomněl jsem heslo", "zapomnel jsem heslo", "Kde je můj balík?"]
    )
    assert unmarked("Ž Ý ё") == "z y е"
    assert float(one @ two) > 0.999 > 0.5 > float(one @ other)


def test_a_typo_keeps_most_pieces_and_no_letters_have_none() -> None:
    grams = fit_grams(["my password does not work", "the parcel is late"])
    right, typo, other, empty = grams.place(
        ["my password does not work", "my pasword does not work", "the parcel is late", "  "]
    )
    assert float(right @ typo) > 0.6 > float(right @ other)
    assert not empty.any()


def test_what_lies_off_the_usual_ways_is_less_typical() -> None:
    generator = np.random.default_rng(9)
    centres = generator.normal(size=(4, 16))
    labels = [f"l{n % 4}" for n in range(80)]
    noise = generator.normal(size=(80, 16)) * np.linspace(1.0, 0.05, 16)
    rows = (np.array([centres[n % 4] for n in range(80)]) + noise).astype(np.float32)
    typical = fit_typical(rows, labels)
    usual = typical.score(rows).mean()
    strange = typical.score((rows + 3 * np.eye(16)[15]).astype(np.float32)).mean()
    assert usual > strange
    found = typical.distances(rows).argmin(axis=1)
    assert np.mean([f"l{n}" == label for n, label in zip(found, labels, strict=True)]) > 0.9
