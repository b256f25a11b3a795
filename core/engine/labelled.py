"""Labelled messages from files: CSV with the columns `text,category`, or JSONL with those fields.

Above: `switchboard.evaluation`. Below: nothing of the engine. Faults are told with their line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from core.errors import InputError
from core.json_lines import read_json_lines, read_utf8
from core.messages import Frozen
from core.text import clean_text


class Labelled(Frozen):
    """A message and what it is about; the category is empty where the file need not have one."""

    text: str
    category: str = ""


def read_labelled(path: Path, *, categories: bool = True) -> list[Labelled]:
    """All rows of a file; without `categories` only `text` is asked for. Raises `InputError` with
    the line of the first fault."""
    text = read_utf8(path)
    if not text.strip():
        raise InputError(f"{path}: no messages")
    is_json = path.suffix.lower() in {".jsonl", ".ndjson", ".json"} or text.lstrip()[:1] == "{"
    rows = list(_of_jsonl(path) if is_json else _of_csv(path, text))
    if not rows:
        raise InputError(f"{path}: no messages")
    for line, row in rows:
        if not row.text:
            raise InputError(f"{path}:{line}: text: is empty")
        if categories and not row.category:
            raise InputError(f"{path}:{line}: category: is empty")
    return [row for _, row in rows]


def _of_jsonl(path: Path) -> Iterator[tuple[int, Labelled]]:
    for number, fields in read_json_lines(path):
        row = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
        text_of, category = row.get("text"), row.get("category") or ""
        if not isinstance(text_of, str):
            raise InputError(f'{path}:{number}: text: must be an object with a "text"')
        if not isinstance(category, str | int):
            raise InputError(f"{path}:{number}: category: must be a word")
        yield number, _row(text_of, str(category))


def _of_csv(path: Path, text: str) -> Iterator[tuple[int, Labelled]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, list[str]())]
        if "text" not in header:
            raise InputError(f"{path}:1: the first line must name the columns text,category")
        place = header.index("text")
        label = header.index("category") if "category" in header else None
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) <= max(place, label or 0):
                raise InputError(
                    f"{path}:{reader.line_num}: {len(cells)} columns, {len(header)} expected"
                )
            yield reader.line_num, _row(cells[place], "" if label is None else cells[label])
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from error


def _row(text: str, category: str) -> Labelled:
    return Labelled(text=clean_text(text).strip(), category=category.strip())
