"""Reads Markdown with front matter, and plain text, into the fields of one document. Pure.

Above: `kb.loader`. Below: `kb.documents`.

Front matter is `name: value` lines between two lines of `---`; quotes around a value are dropped.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from kb.documents import document_error

_FIELDS = {
    "id": "id", "title": "title", "category": "category", "language": "language",
    "lang": "language", "url": "url", "translation_of": "translation_of", "question": "question",
}  # fmt: skip
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z_][\w-]*)\s*:\s*(.*)$")


def read_markdown(text: str, name: str) -> dict[str, str]:
    """The fields of a Markdown file. Raises `InputError` for broken front matter or no text."""
    fields, body, first_line = _split_front_matter(text, name)
    if not body.strip():
        raise document_error(name, "there is no text", line=first_line)
    if "title" not in fields:
        heading = _HEADING.search(body)
        fields["title"] = heading[1] if heading else _from_name(name)
    return {**fields, "text": body.strip("\n"), "markdown": "yes"}


def read_text(text: str, name: str) -> dict[str, str]:
    """The fields of a plain text file: a short first line with a blank one below is the title."""
    if not text.strip():
        raise document_error(name, "there is no text", line=1)
    lines = text.strip().split("\n")
    titled = len(lines) > 2 and len(lines[0]) <= 100 and not lines[1].strip()
    title = lines[0].strip() if titled else _from_name(name)
    return {"title": title, "text": "\n".join(lines[2:] if titled else lines)}


def _split_front_matter(text: str, name: str) -> tuple[dict[str, str], str, int]:
    lines = text.split("\n")
    if lines[0].strip() != "---":
        return {}, text, 1
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip() == "---":
            return fields, "\n".join(lines[number:]), number + 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        field = _FIELD.match(line)
        if field is None:
            raise document_error(name, "front matter wants `name: value`", line=number)
        value = field[2].strip().strip("\"'").strip()
        if value and (known := _FIELDS.get(field[1].lower())):
            fields[known] = value
    raise document_error(name, "the front matter is not closed by `---`", line=1)


def _from_name(name: str) -> str:
    words = re.sub(r"[-_.]+", " ", PurePath(name).stem).strip()
    return words[:1].upper() + words[1:]
