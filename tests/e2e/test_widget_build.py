"""The committed widget is, byte for byte, what its source builds; its own unit tests pass."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.axe import WIDGET

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The widget's source with freshly installed packages, away from the working tree."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine")
    folder = tmp_path_factory.mktemp("widget")
    ignore = shutil.ignore_patterns("node_modules", "dist", "demo")
    shutil.copytree(WIDGET, folder, ignore=ignore, dirs_exist_ok=True)
    run(folder, "ci", "--no-audit", "--no-fund", "--silent")
    return folder


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["npm", *command], cwd=folder, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_the_committed_build_is_what_the_source_builds(copy: Path) -> None:
    run(copy, "run", "build")
    for name in ("widget.js", "BUILD.json"):
        assert (copy / "dist" / name).read_bytes() == (WIDGET / "dist" / name).read_bytes(), (
            f"dist/{name} is stale: run `make widget` and commit it"
        )


def test_the_types_hold_and_the_unit_tests_pass(copy: Path) -> None:
    told = run(copy, "test")
    assert "# fail 0" in told or "ℹ fail 0" in told
