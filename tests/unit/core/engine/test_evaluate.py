"""Routing measured on a file of cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.engine.evaluate import evaluate_routing, read_cases
from core.errors import InputError
from tests.unit.core.engine.conftest import BuildEngine

CASES = [
    {"text": "I was charged twice on my invoice", "lang": "en", "agent": "billing", "more": 1},
    {"text": "I cannot log in with my password", "lang": "en", "agent": "billing"},
    {"text": "thanks a lot", "lang": "en", "agent": "smalltalk", "sentiment": "positive"},
    {"text": "Jak\u00e9 m\u00e1te otev\u00edrac\u00ed hodiny?", "lang": "cs", "agent": "general"},
]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


async def test_shares_are_counted_by_language(build: BuildEngine, tmp_path: Path) -> None:
    engine = await build()
    path = write(tmp_path / "cases.jsonl", [*map(json.dumps, CASES[:3]), "", json.dumps(CASES[3])])
    found = await evaluate_routing(path, engine.triage)
    assert found["n"] == 4 and found["by_language"]["en"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["language_accuracy"] == 1.0 and found["priority_accuracy"] is None
    assert found["p95_ms"] >= found["p50_ms"] > 0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "no test cases"),
        (["{}"], ":1: not a test case"),
        ([json.dumps(CASES[0]), "{broken"], ":2: not JSON"),
        (["[1]"], ":1: not a test case"),
    ],
)
def test_faults_of_the_file_are_named(tmp_path: Path, lines: list[str], expected: str) -> None:
    path = write(tmp_path / "cases.jsonl", lines)
    with pytest.raises(InputError, match=expected):
        read_cases(path)


def test_a_byte_order_mark_and_signs_that_end_lines_elsewhere_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    case = {"text": "Two\u2028lines\u0085in one", "lang": "en", "agent": "billing"}
    path.write_text(f"{json.dumps(case, ensure_ascii=False)}\r\n", encoding="utf-8-sig")
    assert [case.text for case in read_cases(path)] == [case["text"]]


def test_a_fault_is_told_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "cases.jsonl", ['{"text": "hi", "lang": 4}'])
    with pytest.raises(InputError) as raised:
        read_cases(path)
    assert "lang: " in str(raised.value) and "agent: Field required" in str(raised.value)
    assert "\n" not in str(raised.value) and "http" not in str(raised.value)


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "\xe8au"}\n')
    with pytest.raises(InputError, match=":2: not UTF-8"):
        read_cases(path)
