"""Every bad input has a test: tests/data/bad_inputs.toml, held to its word."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COUNTS = {"T": 50, "S": 48, "E": 52, "R": 55, "M": 52}
# What begins with one of these concerns the human side, whose own tests hold it.
ELSEWHERE = "desk: "
# A case is its last part in brackets; names of mails have words and spaces.
NAME = re.compile(r"(\w+)::(test_\w+)(?:\[(.+)\])?\Z")


@pytest.fixture
def index(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "tests/data/bad_inputs.toml").read_text("utf-8"))


def named(index: dict[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """Row, file, function, case."""
    for letter in COUNTS:
        for row, (_, *tests) in index[letter].items():
            for test in tests:
                if test.startswith(ELSEWHERE):
                    continue
                match = NAME.match(test)
                assert match is not None, f"{row}: {test}"
                yield row, index["files"][match[1]], match[2], match[3]


def test_every_number_is_there_once_with_its_input_and_a_test(index: dict[str, Any]) -> None:
    for letter, count in COUNTS.items():
        assert list(index[letter]) == [f"{letter}{number}" for number in range(1, count + 1)]
        for row, entry in index[letter].items():
            assert len(entry) >= 2 and all(len(text) > 0 for text in entry), row


def test_only_inputs_of_the_human_side_are_held_elsewhere(index: dict[str, Any]) -> None:
    left = {row for letter in COUNTS for row, (_, *tests) in index[letter].items()
            if all(test.startswith(ELSEWHERE) for test in tests)}  # fmt: skip
    assert left == {"S26", "S27"}


def test_every_test_that_is_named_exists(root: Path, index: dict[str, Any]) -> None:
    functions: dict[str, set[str]] = {}
    for file in set(index["files"].values()):
        tree = ast.parse((root / file).read_text("utf-8"))
        functions[file] = {
            node.name for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }  # fmt: skip
    for row, file, function, _ in named(index):
        assert function in functions[file], f"{row}: {file}::{function}"


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_every_case_that_is_named_exists(root: Path, index: dict[str, Any]) -> None:
    cases = [item for item in named(index) if item[3] is not None]
    files = sorted({file for _, file, _, _ in cases})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", *files],
        cwd=root, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    collected = set(done.stdout.splitlines())
    for row, file, function, case in cases:
        assert f"{file}::{function}[{case}]" in collected, row
