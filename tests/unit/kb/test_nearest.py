"""Candidates by an exact product."""

from __future__ import annotations

from kb.nearest import exact
from tests.unit.kb.worlds import ask, item, meaning, world

ITEMS = [
    item("near", "a", meaning(1, 0.1), category="billing"),
    item("middle", "b", meaning(1, 1), category="technical"),
    item("far", "c", meaning(0, 1), category="billing"),
]
QUESTION = ask("what", meaning(1))


def test_the_nearest_come_first_and_once() -> None:
    assert exact(world(ITEMS), QUESTION, (), 3) == ["near#0", "middle#0", "far#0"]


def test_no_more_than_the_limit_for_each_look() -> None:
    assert exact(world(ITEMS), QUESTION, (), 1) == ["near#0"]


def test_of_other_categories_nothing_comes() -> None:
    snapshot = world(ITEMS)
    assert exact(snapshot, QUESTION, ["billing"], 3) == ["near#0", "far#0"]
    assert exact(snapshot, QUESTION, ["technical"], 1) == ["middle#0"]
    assert exact(snapshot, QUESTION, ["none"], 3) == []


def test_nothing_comes_of_empty_knowledge() -> None:
    assert exact(world([]), QUESTION, (), 3) == []
