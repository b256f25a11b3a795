"""What the file of `eval escalation` may look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.engine.escalation_trial import read_cases
from core.errors import InputError


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_text_and_turns_of_both_forms_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cases.jsonl",
        {"text": "hello", "lang": "en", "escalate": "none", "reason": None},
        {"turns": ["one", "two"], "lang": "cs", "escalate": "now", "reason": "legal"},
        {"turns": [{"role": "user", "content": "one"}, {"role": "assistant", "text": "two"}],
         "lang": "de", "escalate": "offer"},
    )  # fmt: skip
    texts = [[(turn.role, turn.text) for turn in case.turns] for case in read_cases(path)]
    assert texts == [
        [("customer", "hello")],
        [("customer", "one"), ("customer", "two")],
        [("user", "one"), ("assistant", "two")],
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"lang": "en", "escalate": "now"},
        {"text": "hello", "escalate": "perhaps"},
        {"turns": [], "escalate": "none"},
        {"turns": [5], "escalate": "none"},
        ["text"],
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: object) -> None:
    path = write(tmp_path / "cases.jsonl", {"text": "a", "escalate": "none"}, row)
    with pytest.raises(InputError, match=r"cases\.jsonl:2"):
        read_cases(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_cases(path)
