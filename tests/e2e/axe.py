"""The axe-core accessibility engine, run inside a page.

Above: the browser tests. Below: the widget's development packages, installed on first use.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Page

WIDGET = Path(__file__).resolve().parents[2] / "widget"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@functools.cache
def node_packages() -> Path:
    """The widget's node_modules, installed from the lock if they are not there."""
    folder = WIDGET / "node_modules"
    if not (folder / ".package-lock.json").is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm on this machine")
        command = [npm, "ci", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=WIDGET, check=True, timeout=300)
    return folder


async def violations(page: Page) -> list[str]:
    """What breaks WCAG 2.2 A or AA or good practice on the page, shadow roots included."""
    await page.evaluate((node_packages() / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = await page.evaluate(
        "rules => axe.run({runOnly: rules}).then(r => r.violations.flatMap(v =>"
        " v.nodes.map(n => `${v.id}: ${n.target} ${n.failureSummary}`)))",
        RULES,
    )
    return list(found)
