"""The committed console is, byte for byte, what its source builds, and it is small."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from tests.e2e.axe import WIDGET
from tests.e2e.test_widget_build import copy, run

__all__ = ["copy"]
CONSOLE = WIDGET / "console"
# Of this, 8 kB are the words of five languages; a person opens the console once a day.
MOST_BYTES = 75 * 1024


def test_script_and_styles_fit_into_75_kilobytes_packed() -> None:
    sizes = [
        len(gzip.compress((CONSOLE / f"console.{kind}").read_bytes())) for kind in ("js", "css")
    ]
    assert sum(sizes) <= MOST_BYTES


def test_the_manifest_names_the_sources_as_they_are() -> None:
    manifest = json.loads((WIDGET / "dist" / "CONSOLE.json").read_text("utf-8"))
    for name, digest in manifest["sources"].items():
        found = hashlib.sha256((WIDGET / name).read_bytes()).hexdigest()
        assert found == digest, f"{name} changed: run `make widget` and commit widget/console"


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    page = (CONSOLE / "index.html").read_text("utf-8")
    assert "style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script src="/console/') == 1


@pytest.mark.browser
@pytest.mark.timeout(480)
def test_the_committed_console_is_what_the_source_builds(copy: Path) -> None:
    run(copy, "run", "build")
    for name in ("console/console.js", "console/console.css", "dist/CONSOLE.json"):
        assert (copy / name).read_bytes() == (WIDGET / name).read_bytes(), (
            f"{name} is stale: run `make widget` and commit it"
        )
