"""The commands and metrics that documents name exist, and every command explains itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

from core.telemetry import REGISTRY
from switchboard.cli import app
from tests.docs.test_architecture import blocks, code_spans, documents


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield (*path, name), command
        yield from commands(command, (*path, name))


def all_commands() -> dict[tuple[str, ...], Any]:
    return dict(commands(cast(Any, typer.main.get_command(app))))


def command_lines(path: Path) -> list[list[str]]:
    """Every `switchboard …` in code of a document, as words after the program's name."""
    lines: list[str] = code_spans(path)
    for block in blocks(path):
        lines += block.splitlines()
    found: list[list[str]] = []
    for line in lines:
        match = re.match(r"(?:\S*/)?switchboard ([a-z].*)", line.strip())
        if match:
            found.append(shlex.split(match[1], comments=True))
    return found


def test_every_command_line_in_a_document_names_a_command_and_options_that_exist(
    root: Path,
) -> None:
    known = all_commands()
    seen = 0
    for document in documents(root):
        for words in command_lines(document):
            for one in words[0].split("|"):
                path = (one, *words[1:2]) if (one, *words[1:2]) in known else (one,)
                assert path in known, f"{document.name}: switchboard {' '.join(words)}"
                options = {name for p in known[path].params for name in p.opts}
                given = {word.split("=")[0] for word in words if word.startswith("-")}
                assert given <= options, f"{document.name}: {given - options}"
                seen += 1
    assert seen > 10


def test_every_metric_in_a_document_is_measured(root: Path) -> None:
    measured = {
        name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")
    }
    for document in documents(root):
        for span in code_spans(document):
            if re.fullmatch(r"switchboard_\w+", span):
                assert span in measured, f"{document.name}: {span}"


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_every_command_and_every_option_explains_itself(path: tuple[str, ...]) -> None:
    command = all_commands()[path]
    assert (command.help or "").strip(), path
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{' '.join(path)} {parameter.opts}"
