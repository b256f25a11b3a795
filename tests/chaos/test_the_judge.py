"""The judge of chaos finds what is wrong, each kind; and nothing where all is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.crew import make_reference
from tests.fakes.history import Asked, History, find_faults

ASKED = [Asked("c-0", 1, "one refA", "refA"), Asked("c-1", 3, "two refB", "refB")]


def said(seq: int, role: str, text: str, client_id: str | None = None) -> dict[str, Any]:
    return {"seq": seq, "author": {"role": role}, "text": text, "client_id": client_id}


RIGHT = [
    said(1, "customer", "one refA", "c-0"),
    said(2, "ai", "about refA"),
    said(3, "customer", "two refB", "c-1"),
    said(4, "ai", "about refB"),
]


def test_a_conversation_in_order_has_no_faults() -> None:
    assert find_faults(ASKED, RIGHT) == []


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        (RIGHT[:3], "0 answers to refB"),
        ([*RIGHT, said(5, "ai", "about refB")], "2 answers to refB"),
        ([*RIGHT[:3], said(4, "ai", "about refA")], "refB was answered with"),
        ([RIGHT[0], RIGHT[1], RIGHT[3]], "lost: ('c-1', 3, 'two refB')"),
        ([*RIGHT[:2], RIGHT[3], RIGHT[2]], "sequences [1, 2, 4, 3]"),
        ([*RIGHT, RIGHT[2]], "twice or never asked"),
        ([RIGHT[0], RIGHT[1], said(3, "customer", "other", "c-1"), RIGHT[3]], "lost"),
    ],
)
def test_each_kind_of_fault_is_named(entries: list[dict[str, Any]], fault: str) -> None:
    assert any(fault in found for found in find_faults(ASKED, entries))


def test_a_failure_tells_the_seed_and_where_the_story_is(tmp_path: Path) -> None:
    history = History(tmp_path / "h.jsonl", 7)
    history.note("kill", pid=1)
    again = History(tmp_path / "other.jsonl", 7)
    assert [history.dice.random() for _ in range(3)] == [again.dice.random() for _ in range(3)]
    assert [line["pid"] for line in history.lines("kill")] == [1]
    assert "CHAOS_SEED=7" in history.explain("lost")
    assert str(history.path) in history.explain("lost")


def test_references_are_letters_and_all_different() -> None:
    made = [make_reference(number) for number in range(2_000)]
    assert len(set(made)) == 2_000
    assert all(reference.isalpha() for reference in made)
