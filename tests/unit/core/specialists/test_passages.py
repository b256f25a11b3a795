"""Passages get numbers, and answers get the citations they deserve."""

from __future__ import annotations

import json

import pytest

from core.ports import SearchResult
from core.specialists.passages import PassageShelf
from tests.fakes.knowledge import passage

RESET = passage("password", "Open Settings, choose Reset and wait for the message with the link.")
CARD = passage("card", "A new payment card is added under Billing in your account.")


@pytest.fixture
def shelf() -> PassageShelf:
    shelf = PassageShelf()
    found = SearchResult(passages=(RESET, CARD), verdict="sure", sure_cut=0.6, unsure_cut=0.3)
    shelf.describe("q", found, "en")
    return shelf


def test_a_passage_keeps_its_number(shelf: PassageShelf) -> None:
    found = SearchResult(passages=(CARD, RESET), verdict="unsure", sure_cut=0.6, unsure_cut=0.3)
    shape = json.loads(shelf.describe("q", found, "cs"))
    assert [item["n"] for item in shape["results"]] == [2, 1]
    assert shape["answer_in_language"] == "cs" and shape["confidence"] == "unsure"


@pytest.mark.parametrize(
    ("text", "marks", "cited"),
    [
        ("Whatever.", (2, 1), ["card", "password"]),
        ("Whatever.", (7, 0), []),
        ("Open Settings and choose Reset.", (), ["password"]),
        ("A payment card is added under Billing.", (), ["card"]),
        ("Please open the page and follow every step of it with care.", (),
         ["password"]),
        ("Nothing of that kind is known here.", (), []),
        ("!", (), []),
    ],
)  # fmt: skip
def test_an_answer_cites_what_it_marked_or_what_it_rests_on(
    shelf: PassageShelf, text: str, marks: tuple[int, ...], cited: list[str]
) -> None:
    assert [citation.document for citation in shelf.cite(text, marks)] == cited
