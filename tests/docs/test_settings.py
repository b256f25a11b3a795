"""The documents about settings are what the settings say."""

from __future__ import annotations

from pathlib import Path

from config.describe import render_example, render_page
from config.settings import list_settings, load_settings


def test_the_example_environment_is_written_from_the_settings(root: Path) -> None:
    written = (root / ".env.example").read_text(encoding="utf-8")
    assert written == render_example(), "run make docs"


def test_the_page_on_configuration_is_written_from_the_settings(root: Path) -> None:
    written = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == render_page(), "run make docs"


def test_every_setting_says_what_it_means() -> None:
    assert [v.name for v in list_settings() if len(v.description) < 10] == []


def test_the_example_environment_changes_nothing(root: Path) -> None:
    assert load_settings({}, env_file=root / ".env.example") == load_settings({}, env_file=None)


def test_the_defaults_it_shows_are_the_defaults(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in render_example().splitlines() if "=" in line]
    shown = [
        line for line in lines if line.split("=")[0].isupper() and not line.startswith("NAME_FILE")
    ]
    file = tmp_path / "env"
    file.write_text("\n".join(shown), encoding="utf-8")
    assert load_settings({}, env_file=file) == load_settings({}, env_file=None)
