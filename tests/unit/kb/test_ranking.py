"""What comes first, and why."""

from __future__ import annotations

import pytest

from kb.documents import Vector
from kb.frame import ANY, Frame
from kb.lexical import codes_of
from kb.ranking import Question, rank
from kb.snapshot import Snapshot
from tests.unit.kb.worlds import SIZE, ask, item, meaning, world

NEAR, FAR = meaning(1, 0.2), meaning(0.2, 1)


def found(snapshot: Snapshot, question: Question) -> list[str]:
    """Documents, best first, when everything is a candidate."""
    return [entry.item.document.id for entry in rank(snapshot, question, snapshot.rows)]


def test_the_nearest_in_meaning_comes_first() -> None:
    snapshot = world([item("a", "x", FAR), item("b", "y", NEAR)])
    assert found(snapshot, ask("q", meaning(1))) == ["b", "a"]


def test_a_passage_is_judged_by_its_document_too() -> None:
    items = [
        item("a", "x", meaning(1, 0.5)), item("a", "x", meaning(1, 0.4), ordinal=1),
        item("b", "y", meaning(1, 0.48)), item("b", "y", meaning(0, 1), ordinal=1),
    ]  # fmt: skip
    ranked = rank(world(items), ask("q", meaning(1)), ["a#0", "b#0"])
    assert [entry.item.document.id for entry in ranked] == ["a", "b"]


def test_among_equals_the_words_of_the_question_decide_also_without_accents() -> None:
    items = [
        item("a", "Vrácení peněz za objednávku", NEAR, language="cs"),
        item("b", "Doručení zásilky", NEAR, language="cs"),
    ]
    assert found(world(items), ask("vraceni penez", meaning(1), "cs"))[0] == "a"
    assert found(world(items), ask("kde mam zasilku", meaning(1), "cs"))[0] == "b"


def test_words_of_another_language_count_for_nothing() -> None:
    items = [item("a", "parcel parcel", NEAR, language="de"), item("b", "Paket", NEAR)]
    first = rank(world(items), ask("parcel", meaning(1), "en"), ["a#0", "b#0"])
    letters = {entry.item.document.id: entry.letters for entry in first}
    assert letters["a"] == pytest.approx(0.15)
    assert letters["b"] < 0.15


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Error E14!", {"e14"}),
        ("my X200-B and the x200b", {"x200b"}),
        ("it shows E 14 and e-15", {"e14", "e15"}),
        ("2FA, RS-232, 30 days, 4.90 EUR, 24/7", {"2fa", "rs232"}),
        ("ошибка Е14", {"е14"}),
        ("nothing here", set[str]()),
    ],
)
def test_codes_are_letters_with_digits(text: str, codes: set[str]) -> None:
    assert codes_of(text) == codes


def test_a_code_outweighs_meaning_and_is_found_among_no_candidates() -> None:
    items = [
        item("e14", "E14: no water", meaning(1, 0.6)), item("e15", "E15: no power", NEAR),
    ]  # fmt: skip
    snapshot = world(items)
    ranked = rank(snapshot, ask("what is E14", meaning(1)), ["e15#0"])
    assert [entry.item.document.id for entry in ranked] == ["e14", "e15"]
    assert [entry.codes > 0 for entry in ranked] == [True, False]
    unknown = rank(snapshot, ask("what is E99", meaning(1)), snapshot.rows)
    assert all(entry.codes < 0 for entry in unknown)


class TestTranslations:
    """Of a family one language is shown."""

    def snapshot(self, english: Vector = NEAR) -> Snapshot:
        return world(
            [
                item("x", "parcel", english), item("x-cs", "balík", FAR, language="cs", of="x"),
                item("x-de", "Paket", FAR, language="de", of="x"),
                item("y", "other", meaning(0, 1)),
            ]
        )  # fmt: skip

    def test_the_askers_language_is_shown_when_it_is_nearly_as_near(self) -> None:
        assert found(self.snapshot(FAR), ask("q", meaning(1), "cs")) == ["x-cs", "y"]

    def test_it_takes_the_place_of_the_nearer_one(self) -> None:
        snapshot = world(
            [
                item("x", "parcel", meaning(1, 0.30)), item("y", "other", meaning(1, 0.31)),
                item("x-cs", "balík", meaning(1, 0.32), language="cs", of="x"),
            ]
        )  # fmt: skip
        assert found(snapshot, ask("q", meaning(1), "cs")) == ["x-cs", "y"]

    def test_letters_that_are_guessed_of_another_language_keep_nobody_from_their_own(self) -> None:
        items = [
            item("x", "delivery", meaning(1, 0.6)),
            item("x-ru", "доставка", NEAR, language="ru", of="x"),
        ]
        assert found(world(items), ask("shipping", meaning(1), "en")) == ["x"]

    def test_a_translation_that_is_far_off_is_not_shown(self) -> None:
        assert found(self.snapshot(), ask("q", meaning(1), "cs")) == ["x", "y"]

    def test_the_original_is_shown_to_one_whose_language_is_not_known(self) -> None:
        assert found(self.snapshot(FAR), ask("q", meaning(1), None)) == ["x", "y"]

    def test_without_the_askers_language_the_nearest_is_shown(self) -> None:
        assert found(self.snapshot(), ask("q", meaning(1), "es")) == ["x", "y"]


def test_a_frame_takes_away_what_a_language_adds() -> None:
    czech, english = meaning(0, 0, 0, 1), meaning(0, 0, 0, 0, 1)
    about = meaning(1, 0, 0, 0)
    right = item("right", "x", meaning(1, 0, 0, 0, 2))
    wrong = item("wrong", "y", meaning(0, 1, 0, 2), language="cs")
    question = ask("q", meaning(1, 0, 0, 2), "cs")
    assert found(world([right, wrong]), question) == ["wrong", "right"]
    frame = Frame(
        {ANY: 0 * about, "cs": czech * 0.9},
        {ANY: 0 * about, "en": english * 0.9, "cs": czech * 0.9},
    )
    assert found(world([right, wrong], frame), question) == ["right", "wrong"]
    asked = Frame({ANY: 0 * about, "cs": czech * 0.9}, {ANY: 0 * about})
    near, far = item("near", "x", about), item("far", "y", meaning(0.3, 0, 0, 1))
    assert found(world([near, far]), question) == ["far", "near"]
    assert found(world([near, far], asked), question) == ["near", "far"]
    again = Frame.from_dict(frame.to_dict())
    assert found(world([right, wrong], again), question) == ["right", "wrong"]


def test_allows_holds_back() -> None:
    snapshot = world([item("a", "x", NEAR, category="c"), item("b", "E14", NEAR)])
    ranked = rank(
        snapshot, ask("E14", meaning(1)), snapshot.rows,
        allows=lambda it: it.document.category == "c",
    )  # fmt: skip
    assert [entry.item.document.id for entry in ranked] == ["a"]


def test_an_empty_world_has_nothing() -> None:
    assert rank(world([]), ask("E14", meaning(1)), ["a#0"]) == []
    assert len(meaning(1)) == SIZE
