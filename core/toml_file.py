"""TOML files of the configuration, read.

Above: everything that has such a file. Below: `core.errors`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from core.errors import ConfigError

_LINE = re.compile(r"at line (\d+)")


def read_toml(path: Path) -> dict[str, Any]:
    """What the file says. Raises `ConfigError`."""
    return parse_toml(path, read_text(path))


def read_text(path: Path) -> str:
    """Its text. Raises `ConfigError` with the path."""
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors put a mark first
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """What the text says. Raises `ConfigError` with the path and the line where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        raise ConfigError(f"{path}:{line}: {error}") from error
