"""The committed build belongs to the committed source: a quick check that needs no Node."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

WIDGET = Path(__file__).resolve().parents[3] / "widget"
STALE = "run `make widget` and commit widget/dist"


@pytest.fixture(scope="module")
def build() -> dict[str, Any]:
    return json.loads((WIDGET / "dist" / "BUILD.json").read_text("utf-8"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_build_was_made_from_the_source_as_it_is(build: dict[str, Any]) -> None:
    outside = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"]
    inside = [path for path in (WIDGET / "src").rglob("*") if path.is_file()]
    now = {path.relative_to(WIDGET).as_posix(): digest(path) for path in inside}
    now |= {name: digest(WIDGET / name) for name in outside}
    changed = [
        name for name in now | build["sources"] if now.get(name) != build["sources"].get(name)
    ]
    assert not changed, STALE


def test_the_built_script_is_the_one_that_was_built(build: dict[str, Any]) -> None:
    assert digest(WIDGET / "dist" / "widget.js") == build["output"]["widget.js"], STALE


def test_the_worker_that_proves_is_the_one_that_was_built() -> None:
    made = json.loads((WIDGET / "dist" / "PROOF.json").read_text("utf-8"))
    assert digest(WIDGET / "dist" / "proof.js") == made["output"]["proof.js"], STALE
    now = {name: digest(WIDGET / name) for name in made["sources"]}
    assert now == made["sources"], STALE


def test_the_widget_stays_within_thirty_two_kilobytes_gzipped() -> None:
    size = len(gzip.compress((WIDGET / "dist" / "widget.js").read_bytes(), 9))
    assert size <= 32_000


def test_the_widget_parses_no_html_and_evaluates_no_text() -> None:
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
        r"|createContextualFragment|DOMParser|setHTMLUnsafe"
    )
    script = (WIDGET / "dist" / "widget.js").read_text("utf-8")
    assert sinks.findall(script) == []


def test_the_lock_names_every_package_by_its_hash_and_by_no_address() -> None:
    lock = json.loads((WIDGET / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("integrity" in entry for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_the_demo_page_has_no_script_and_no_style_of_its_own() -> None:
    page = (WIDGET / "demo" / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    files = re.findall(r'(?:src|href)="/([^"/]+\.\w+)"', page)
    assert {"demo.css", "demo.js", "widget.js"} <= set(files)
    for name in set(files) - {"widget.js"}:
        assert (WIDGET / "demo" / name).is_file(), name
