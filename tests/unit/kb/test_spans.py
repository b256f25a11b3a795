"""The words that are quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.spans import LONGEST, best_span

LONG = " ".join(
    [
        "The warehouse is in Brno.", "Parcels leave every weekday at noon and at five.",
        "A refund is paid within five working days after the parcel has come back.",
        "You may also exchange an item for another size.", "Gift cards cannot be returned.",
        "Couriers try twice and then leave the parcel at a pick-up point near you.",
        "Tracking is sent by email as soon as the parcel has been handed over to the courier.",
        "Our shop in the town centre is open on Saturdays as well.",
    ]
)  # fmt: skip


def test_a_short_passage_is_quoted_whole() -> None:
    assert (
        best_span("Open Billing. Choose Invoices.", "anything") == "Open Billing. Choose Invoices."
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("when is my refund paid", "refund is paid within five"),
        ("is the shop open on Saturdays", "open on Saturdays"),
        ("tracking email", "Tracking is sent by email"),
    ],
)
def test_the_sentences_that_share_most_with_the_question_are_quoted(query: str, words: str) -> None:
    span = best_span(LONG, query)
    assert words in span
    assert span in LONG
    assert len(span) <= LONGEST


def test_a_question_in_another_language_gets_the_beginning() -> None:
    assert LONG.startswith(best_span(LONG, "когда"))


def test_the_steps_of_a_list_stay_together() -> None:
    steps = "\n".join(f"{n}. Press button number {n} and wait." for n in range(1, 7))
    text = f"{LONG}\n\n{steps}\n\nCall us if this does not help. We answer on weekdays."
    assert steps in best_span(text, "which button do I press and how long do I wait")


@given(st.text(max_size=1500), st.text(max_size=80))
def test_a_span_is_always_a_part_of_the_text(text: str, query: str) -> None:
    assert best_span(text, query) in text


@given(st.lists(st.sampled_from(["- a b c.", "1. Do it.", "Yes. No!", "", "  x"]), max_size=30))
def test_lists_and_blank_lines_in_any_order_give_a_part_of_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert best_span(text, "do it now") in text
