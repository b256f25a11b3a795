"""Specialists as files: what is read, what is refused and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.specialists.registry import SpecialistRegistry, read_folder
from tests.fakes.engine_files import write_config, write_specialist

GOOD = """name = "returns"
description = "Takes things back."
prompt = "returns.md"
tools = ["search_knowledge"]
[examples]
en = ["I want to return it", "Send it back", "How do returns work"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_config(tmp_path) / "specialists"


def write(folder: Path, text: str, prompt: str = "Be kind.") -> Path:
    (folder / "returns.md").write_text(prompt, encoding="utf-8")
    path = folder / "returns.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_new_file_is_a_new_specialist(folder: Path) -> None:
    registry = SpecialistRegistry(folder)
    write(folder, GOOD)
    assert registry.refresh() and registry.version == 2
    spec = registry.find("returns")
    assert spec is not None and spec.instructions == "Be kind."


def test_nothing_is_read_again_when_no_file_changed(folder: Path) -> None:
    registry = SpecialistRegistry(folder)
    assert not registry.refresh() and registry.version == 1


def test_a_changed_prompt_is_taken_over(folder: Path) -> None:
    write(folder, GOOD)
    registry = SpecialistRegistry(folder)
    write(folder, GOOD, prompt="Be very kind indeed.")
    assert registry.refresh()
    spec = registry.find("returns")
    assert spec is not None and spec.instructions == "Be very kind indeed."


def test_a_removed_file_is_a_removed_specialist(folder: Path) -> None:
    registry = SpecialistRegistry(folder)
    (folder / "billing.toml").unlink()
    assert registry.refresh() and registry.find("billing") is None


def test_a_fault_leaves_the_old_specialists_in_place(folder: Path) -> None:
    registry = SpecialistRegistry(folder)
    write(folder, "name = ")
    assert not registry.refresh() and registry.find("billing") is not None
    assert registry.last_error is not None and "returns.toml" in registry.last_error
    write(folder, GOOD)
    assert registry.refresh() and registry.last_error is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = [", ":1: Invalid value"),
        ("name = 1\nx y", ":2: "),
        (GOOD.replace('["search_knowledge"]', '["fly"]'), ":4: tools: unknown tool fly"),
        (GOOD.replace('"Takes things back."', '"x"'), ":2: description:"),
        (GOOD.replace("[examples]", "[examples]\nxx_1 = []"), ":5: examples: not a language tag"),
        (GOOD.replace('name = "returns"', 'name = "other"'), ":1: name: must be the file's own"),
        (GOOD.replace("returns.md", "missing.md"), ":3: prompt: no file 'missing.md'"),
        (GOOD.replace("returns.md", "../../escalation.toml"), ":3: prompt: no file"),
        ("colour = 1\n" + GOOD, ":1: colour: Extra inputs"),
        (GOOD.replace("tools =", "max_steps = 99\ntools ="), ":4: max_steps:"),
        (GOOD + 'fr = [" "]\n', ":5: examples: an example is a sentence"),
    ],
)
def test_a_fault_is_reported_with_file_line_and_field(
    folder: Path, text: str, expected: str
) -> None:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        SpecialistRegistry(folder)
    assert str(caught.value).startswith(str(path)) and expected in str(caught.value)


def test_all_faults_of_all_files_are_reported_at_once(folder: Path) -> None:
    write(folder, GOOD.replace('"Takes things back."', '"x"').replace("search_knowledge", "fly"))
    (folder / "billing.md").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        SpecialistRegistry(folder)
    message = str(caught.value)
    assert "description" in message and "tools" in message and "billing.md:1" in message


def test_consulting_nobody_is_a_fault(folder: Path) -> None:
    path = write(folder, GOOD.replace("[examples]", 'consult = ["ghost"]\n[examples]'))
    with pytest.raises(ConfigError, match=r"no specialist ghost") as caught:
        SpecialistRegistry(folder)
    assert f"{path}:5: consult" in str(caught.value)


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no specialist"):
        SpecialistRegistry(tmp_path)


def test_general_takes_what_nobody_else_does(folder: Path) -> None:
    assert SpecialistRegistry(folder).fallback.name == "general"
    write_specialist(folder.parent, "alpha", ["one two", "three four", "five six"])
    (folder / "general.toml").unlink()
    assert SpecialistRegistry(folder).fallback.name == "alpha"


def test_an_unknown_category_of_data_is_a_fault_with_its_line(folder: Path) -> None:
    file = folder / "billing.toml"
    text = file.read_text(encoding="utf-8").replace("[examples]", 'sees = ["purse"]\n[examples]', 1)
    file.write_text(text, encoding="utf-8")
    line = text.splitlines().index('sees = ["purse"]') + 1
    with pytest.raises(ConfigError, match=rf"billing\.toml:{line}: sees: unknown category purse"):
        read_folder(folder)


def test_files_that_editors_keep_beside_ours_are_not_looked_at(folder: Path) -> None:
    registry = SpecialistRegistry(folder)
    (folder / ".#billing.toml").symlink_to("someone@somewhere")
    (folder / "._billing.toml").write_bytes(b"\x00\x05")
    (folder / "gone.md").symlink_to("nowhere")
    assert not registry.refresh() and registry.last_error is None


def test_a_file_may_begin_with_a_byte_order_mark_and_have_the_line_ends_of_windows(
    folder: Path,
) -> None:
    path = write(folder, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_folder(folder)["returns"].description == "Takes things back."
