"""Answers of people on their way into the knowledge base."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import Conflict, InputError
from core.ids import EntryId
from core.learning.personal import find_personal, mask_personal
from core.learning.reviews import Acceptance, Review, accept, fingerprint, make_review, review_of
from core.learning.screening import screen
from core.messages import Author, EntryBody
from tests.fakes.claims import Talk
from tests.fakes.knowledge import FakeKnowledge, passage

ANSWER = "Hold the reset button for 10 seconds until the light blinks."
QUESTION = "How do I reset the grinder?"


def review(**fields: object) -> Review:
    base = {"source": "s", "question": QUESTION, "answer": ANSWER, "language": "en", "id": "kr_1"}
    made = {"proposed_by": "Ada", "proposed_at": datetime.now(UTC)}
    return Review.model_validate({**base, **made, **fields})


@pytest.mark.parametrize(
    ("language", "text", "gone"),
    [
        ("en", "My name is Jane Brown, order number AB-10233, mail jane@x.org or +44 20 7946 0958",
         ("Jane Brown", "AB-10233", "jane@x.org", "+44 20 7946 0958")),
        ("cs", "Objednávka č. 55123 nedorazila, pište na jana@x.cz", ("55123", "jana@x.cz")),
        ("de", "Bestellung Nr. 77123 fehlt, Tel. +49 30 901820", ("77123", "+49 30 901820")),
        ("ru", "Заказ № 88123 не пришёл, пишите на ivan@x.ru", ("88123", "ivan@x.ru")),
        ("es", "El pedido n.º 99123 no llega, tel. +34 912 345 678", ("99123", "+34 912 345 678")),
    ],
)  # fmt: skip
def test_what_is_the_customers_is_masked(language: str, text: str, gone: tuple[str, ...]) -> None:
    masked = mask_personal(text, find_personal(text, language))
    assert not any(value in masked for value in gone)
    assert "[" in masked


def test_card_numbers_and_passwords_are_masked_always() -> None:
    masked = mask_personal("My card 4111 1111 1111 1111, my password is hunter22", [])
    assert "4111" not in masked and "hunter22" not in masked


def test_a_proposal_hides_the_customer_and_keeps_what_the_article_needs() -> None:
    made = make_review(
        question="I am Jane Brown. My E14 machine of order number AB-10233 leaks, what now?",
        answer="Dear Jane Brown, order number AB-10233: descale with 250 ml within 14 days. "
        "Write to help@shop.example if it stays.",
        language="en", names=("Jane Brown",),
    )  # fmt: skip
    assert "Jane" not in made.question + made.answer
    assert "AB-10233" not in made.question + made.answer
    for kept in ("E14", "250 ml", "14 days", "help@shop.example"):
        assert kept in made.question + made.answer


def test_the_question_of_an_answer_is_all_that_waited_for_it() -> None:
    talk = Talk().customer("hello").human("Hi!").customer("It is broken.").customer(QUESTION)
    talk.add(EntryBody(id=EntryId("n"), kind="note", author=Author(role="system"), text="x"))
    talk.human(ANSWER)
    made = review_of(talk.entries, talk.entries[-1].id, conversation="cv_1")
    assert (made.question, made.answer) == (f"It is broken.\n{QUESTION}", ANSWER)
    again = review_of(talk.entries, talk.entries[-1].id, conversation="cv_1")
    assert made.source == again.source and made.conversation == "cv_1"
    more = talk.human("And then wait.")
    assert review_of(more.entries, more.entries[-1].id, conversation="cv_1").question == QUESTION


def test_what_answers_nothing_is_no_article() -> None:
    talk = Talk().human("Welcome!").customer(QUESTION)
    for entry in (*(item.id for item in talk.entries), EntryId("nobody")):
        with pytest.raises(InputError):
            review_of(talk.entries, entry, conversation="cv_1")


def test_the_same_words_are_known_again_and_other_figures_are_not() -> None:
    assert fingerprint("How long?", "10 days.") == fingerprint("how  LONG", "10 days")
    assert fingerprint("How long?", "10 days.") != fingerprint("How long?", "14 days.")
    assert fingerprint("How much?", "+5 %") != fingerprint("How much?", "-5 %")
    assert fingerprint("How much?", "5 €") != fingerprint("How much?", "5 $")


async def test_an_answer_that_is_known_is_a_duplicate_with_the_document_named() -> None:
    known = FakeKnowledge().knows("grinder", passage("grinder-reset", f"Help. {ANSWER}"))
    found = await screen(review(), known)
    assert (found.verdict, found.document) == ("duplicate", "grinder-reset")


async def test_other_figures_make_it_another_answer() -> None:
    other = ANSWER.replace("10 seconds", "30 seconds")
    known = FakeKnowledge().knows("grinder", passage("grinder-reset", other))
    found = await screen(review(), known)
    assert (found.verdict, found.document) == ("replace", "grinder-reset")
    assert found.likeness > 0.8


async def test_a_question_that_is_answered_otherwise_suggests_to_replace() -> None:
    known = FakeKnowledge().knows("grinder", passage("grinder", "Send it to us for repair."))
    assert (await screen(review(), known)).verdict == "replace"


async def test_what_nothing_answers_is_new() -> None:
    near = FakeKnowledge().knows("grinder", passage("clean", "Brush it."), verdict="unsure")
    assert (await screen(review(), near)).verdict == "new"
    assert (await screen(review(), FakeKnowledge())).document is None


async def test_a_screening_that_fails_leaves_it_to_the_person() -> None:
    broken = FakeKnowledge()
    broken.broken = True
    found = await screen(review(answer="Write to jane@x.org"), broken)
    assert found.failed and [item.kind for item in found.personal] == ["email"]


def test_what_looks_like_a_persons_is_kept_only_when_somebody_says_so() -> None:
    flagged = review(answer="Write to help@shop.example.")
    with pytest.raises(Conflict) as refused:
        accept(flagged, Acceptance())
    assert refused.value.code == "personal_data"
    assert accept(flagged, Acceptance(allow_personal=True)).answer == flagged.answer
    edited = accept(flagged, Acceptance(answer="Write to us.", category="grinders"))
    assert (edited.answer, edited.category) == ("Write to us.", "grinders")


def test_masks_are_no_personal_data() -> None:
    made = make_review(question="Order number AB-10233 is late", answer="Order [order] is sent.")
    assert find_personal(f"{made.question}\n{made.answer}", "en") == []


@pytest.mark.parametrize("fields", [{"question": " "}, {"answer": ""}, {"category": "a\nb"}])
def test_words_that_can_be_no_article_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InputError):
        accept(review(), Acceptance.model_validate(fields))
