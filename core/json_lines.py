"""Test files in UTF-8 and their JSON lines, as people hand them to the commands that measure.

Above: the readers of test files (`engine.labelled`, `engine.evaluate`, `engine.escalation_trial`,
`kb.evaluate`). Below: the standard library, pydantic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import InputError


def read_utf8(path: Path) -> str:
    """A text with or without a byte order mark. Raises `InputError` that names the line."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 text") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each line that is not empty, with its number. Raises `InputError` that names the line."""
    text = read_utf8(path)
    # `splitlines` would also cut at signs that may stand inside a JSON string, such as U+2028.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON: {error}") from error


def faults_of(error: ValidationError) -> str:
    """What is wrong with a value, in one line."""
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"])))
        for fault in error.errors(include_url=False)
    )
