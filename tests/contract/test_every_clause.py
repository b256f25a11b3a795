"""The contract holds itself to its word: no clause without a test, no log without the contract."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from tests.contract.log_contract import LogContract
from tests.contract.requirements import LOG

# Which class of `test_log` holds which implementation to the contract.
HELD = {"core/bus/log.py:RedisLog": ("TestRedisLogOnOneServer", "TestRedisLogOnACluster")}
ACTS = {"accept", "claim", "extend", "commit", "begin_send", "record_send", "finish"}


def clauses_by_test() -> dict[str, tuple[str, ...]]:
    methods = inspect.getmembers(LogContract, inspect.isfunction)
    return {
        name: test.__dict__.get("clauses", ()) for name, test in methods if name.startswith("test_")
    }


def implementations(root: Path) -> Iterator[str]:
    """Classes that do all that a log does, but for the port itself and the tests' own."""
    for folder in ("channels", "config", "core", "kb", "switchboard", "tests/fakes"):
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and node.name != "Log":
                    acts = {
                        item.name for item in node.body if isinstance(item, ast.AsyncFunctionDef)
                    }
                    if acts >= ACTS:
                        yield f"{path.relative_to(root).as_posix()}:{node.name}"


def test_every_clause_has_a_test() -> None:
    tested = {clause for clauses in clauses_by_test().values() for clause in clauses}
    assert set(LOG) - tested == set()


def test_every_test_names_its_clauses() -> None:
    assert [name for name, clauses in clauses_by_test().items() if not clauses] == []


def test_every_implementation_of_the_log_is_held_to_the_contract(root: Path) -> None:
    assert set(implementations(root)) == set(HELD)
    text = (root / "tests/contract/test_log.py").read_text("utf-8")
    for names in HELD.values():
        for name in names:
            assert f"class {name}(LogContract)" in text
