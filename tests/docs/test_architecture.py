"""What the documents name exists: modules, folders, linked files, make targets, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\((?!https?://|mailto:|#)([^)#\s]+)")
FOLDERS = ("channels", "config", "core", "docs", "kb", "switchboard", "tests", "widget")
OURS = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
MAKE = re.compile(r"\bmake ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)")


def documents(root: Path) -> list[Path]:
    folders = ["*.md", "docs/**/*.md", "channels/**/*.md"]
    return sorted(path for pattern in folders for path in root.glob(pattern))


def code_spans(path: Path) -> list[str]:
    return CODE.findall(path.read_text(encoding="utf-8"))


def test_every_module_the_walk_names_exists(root: Path) -> None:
    named = [span for span in code_spans(root / "docs" / "architecture.md") if OURS.fullmatch(span)]
    assert len(named) > 25
    assert [name for name in named if not (root / name).exists()] == []


def test_the_walk_passes_through_every_part_of_the_house(root: Path) -> None:
    walk = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    parts = [p.parent for p in (root / "core").glob("*/__init__.py")]
    missing = [part.name for part in parts if part.name not in walk]
    assert missing == []


def test_every_path_that_a_document_names_exists(root: Path) -> None:
    faults = [
        f"{document.relative_to(root)}: {span}"
        for document in documents(root)
        for span in code_spans(document)
        if OURS.fullmatch(span) and "*" not in span and not (root / span).exists()
    ]
    assert faults == []


def test_every_link_between_documents_leads_somewhere(root: Path) -> None:
    faults = [
        f"{document.relative_to(root)}: {target}"
        for document in documents(root)
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert faults == []


def test_every_make_target_that_a_document_names_exists(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    faults: list[str] = []
    for document in documents(root):
        for span in code_spans(document) + blocks(document):
            for words in MAKE.findall(span):
                faults += [f"{document.name}: make {w}" for w in words.split() if w not in targets]
    assert faults == []


def test_the_promised_make_targets_exist_and_are_explained(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z][a-z-]*):.* ## \S", makefile, re.MULTILINE))
    promised = {"up", "setup", "test", "test-all", "lint", "types", "fmt", "widget"}
    promised |= {"bench", "docs", "lock", "clean"}
    assert promised <= explained


def test_decision_records_are_numbered_without_gaps(root: Path) -> None:
    names = sorted(path.name for path in (root / "docs" / "adr").glob("*.md"))
    records = [name for name in names if name[0].isdigit()]
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in records)


def test_every_decision_record_says_what_and_why(root: Path) -> None:
    for path in (root / "docs" / "adr").glob("0*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        assert re.search(r"^(\*\*|## )Decision", text, re.MULTILINE), path.name
        assert re.search(r"^(\*\*Why|## Context)", text, re.MULTILINE), path.name


def test_the_readme_begins_with_the_two_commands_and_a_picture(root: Path) -> None:
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    start = "\n".join(lines[:30])
    assert "git clone" in start
    assert "make up" in start
    assert re.search(r"!\[[^\]]+\]\(docs/images/[\w-]+\.png\)", start)


@pytest.mark.parametrize("folder", ["channels", "config", "core", "kb", "switchboard", "tests"])
def test_every_python_folder_is_a_package_that_says_what_it_is(root: Path, folder: str) -> None:
    for path in sorted((root / folder).rglob("*.py")):
        if "node_modules" in path.parts or "versions" in path.parts:
            continue
        package = path.parent / "__init__.py"
        assert package.is_file(), f"{path.parent.relative_to(root)} has no __init__.py"
        assert package.read_text(encoding="utf-8").startswith('"""'), package


def test_no_python_module_is_longer_than_a_reader_can_hold(root: Path) -> None:
    too_long = {
        str(path.relative_to(root)): count
        for folder in ("channels", "config", "core", "kb", "switchboard")
        for path in (root / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert too_long == {}


def blocks(path: Path) -> list[str]:
    """The fenced code of a document."""
    return re.findall(r"```[a-z]*\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
