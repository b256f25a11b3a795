"""The page about privacy shows the data map as it is, and settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

from config.settings import list_settings
from core.privacy.describe import describe

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_the_map_on_the_page_is_the_map() -> None:
    _, _, shown = PAGE.partition("<!-- map: made by core.privacy.describe -->\n\n")
    assert shown == describe(), "python -m core.privacy.describe"


def test_settings_on_the_page_exist() -> None:
    names = {name for variable in list_settings() for name in variable.names}
    shown = set(re.findall(r"SWITCHBOARD_[A-Z_]+[A-Z]\b", PAGE)) - {"SWITCHBOARD_PRIVACY__"}
    assert shown <= names
