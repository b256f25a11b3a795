"""Going in circles is noticed, asking on is not."""

from __future__ import annotations

import numpy as np

from core.engine.trail import Question, Trail, details_of, likeness, sketch


def unit(seed: int, near: np.ndarray | None = None, weight: float = 0.0) -> np.ndarray:
    row = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
    row /= np.linalg.norm(row)
    if near is not None:
        row = weight * near + (1 - weight) * row
        row /= np.linalg.norm(row)
    return row


def question(vector: np.ndarray, intent: str = "billing/invoice") -> Question:
    return Question(sketch=sketch(vector), intent=intent)


def test_sketches_tell_about_the_cosine() -> None:
    first = unit(1)
    for weight in (0.3, 0.5, 0.7, 0.9):
        other = unit(2, first, weight)
        assert abs(likeness(sketch(first), sketch(other)) - float(first @ other)) < 0.2
    assert likeness(sketch(first), sketch(first)) == 1.0
    assert likeness("", sketch(first)) == 0.0


def test_the_same_question_in_other_words_is_counted() -> None:
    first = unit(1)
    trail = Trail().after(question(first), "a").after(question(unit(2, first, 0.7)), "b")
    assert trail.repeats(question(unit(3, first, 0.7))) == 2
    assert trail.repeats(question(unit(9))) == 0
    assert trail.repeats(None) == 0


def test_another_question_between_begins_the_count_anew() -> None:
    first = unit(1)
    trail = Trail().after(question(first), "").after(question(unit(5)), "")
    assert trail.repeats(question(first)) == 0


def test_the_same_answer_is_counted_and_an_empty_one_is_not() -> None:
    trail = Trail().after(None, "Look  here").after(None, "Look here").after(None, "")
    assert trail.same_answers("Look here") == 2
    assert trail.same_answers("Something else") == 0
    assert trail.same_answers("") == 0


def test_only_the_last_turns_are_kept() -> None:
    trail = Trail()
    for number in range(20):
        trail = trail.after(question(unit(number)), str(number))
    assert len(trail.turns) == 4
    assert Trail.model_validate(trail.model_dump(mode="json")) == trail


def test_the_same_words_about_another_order_are_another_question() -> None:
    vector = sketch(unit(1))

    def asked(text: str) -> Question:
        return Question(sketch=vector, intent="billing/order", details=details_of(text))

    trail = Trail()
    for text in ("Where is order 1001?", "Where is order 1002?"):
        trail = trail.after(asked(text), "It is on its way.")
    assert trail.repeats(asked("Where is order 1003?")) == 0
    assert trail.same_answers("It is on its way.", asked("Where is order 1003?")) == 0
    assert trail.repeats(asked("Where is 1002? I wait for 3 days")) == 1
    assert trail.repeats(asked("So where is it?")) == 2
    assert trail.same_answers("It is on its way.", asked("So where is it?")) == 2


def test_numbers_codes_and_references_are_details() -> None:
    text = "Ref refAAAI, order ORD-17 of 2026-01-02; E14 shows on my BoilerX. Danke Ihnen!"
    assert details_of(text) == ("refaaai", "ord-17", "2026-01-02", "e14", "boilerx")
