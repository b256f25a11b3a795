"""What users of other desks complain of has tests here: tests/data/complaints.toml."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

DESK = ["1", "2", "3", "5", "11", "12", "13", "14", "18", "19", "21", "25"]


@pytest.fixture
def index(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "tests/data/complaints.toml").read_text("utf-8"))


def test_every_complaint_about_desks_has_its_words_and_a_test(index: dict[str, Any]) -> None:
    assert list(index["complaints"]) == DESK
    assert all(len(entry) >= 2 for entry in index["complaints"].values())


def test_every_test_that_is_named_exists(root: Path, index: dict[str, Any]) -> None:
    functions = {
        short: {
            node.name
            for node in ast.walk(ast.parse((root / file).read_text("utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for short, file in index["files"].items()
    }
    named = [test.split("::") for _, *tests in index["complaints"].values() for test in tests]
    assert [test for test in named if test[1] not in functions[test[0]]] == []
    assert {short for short, _ in named} == set(index["files"])
