"""Reads CSV, JSON and JSONL of question-answer pairs or short documents into fields. Pure.

Above: `kb.loader`. Below: `kb.documents`.

A row is a pair when it has a question and an answer, a document when it has a text. Columns go by
the names people use; unknown ones are left alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any, cast

from kb.documents import document_error

_NAMES = {
    "question": ("question", "q", "query", "ask", "instruction"),
    "answer": ("answer", "a", "reply", "response"),
    "text": ("text", "body", "content", "passage"),
    "title": ("title", "name", "heading", "subject"),
    "category": ("category", "topic", "section"),
    "language": ("language", "lang", "locale"),
    "url": ("url", "link", "href"),
    "id": ("id", "key", "slug"),
    "translation_of": ("translation_of",),
}
_LISTS = ("items", "questions", "documents", "faq", "data", "entries")


def read_csv(text: str, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file whose first line names the columns."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.DictReader(io.StringIO(text, newline=""), dialect=_dialect(text), strict=True)
    found: list[dict[str, str]] = []
    try:
        columns = reader.fieldnames
        if not columns:
            raise document_error(name, "there are no rows", line=1)
        _check_columns(columns, name)
        for row in reader:
            if None in row:
                raise document_error(
                    name, "more fields than the first line has names", line=reader.line_num
                )
            if any(row.values()):
                found.append(_fields(cast(dict[str, Any], row), name, reader.line_num))
    except csv.Error as error:
        raise document_error(name, f"not CSV ({error})", line=reader.line_num) from error
    return _some(found, name)


def read_jsonl(text: str, name: str) -> list[dict[str, str]]:
    """One JSON object a line."""
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    found = [_fields(_decode(line, name, number), name, number) for number, line in lines]
    return _some(found, name)


def read_json(text: str, name: str) -> list[dict[str, str]]:
    """A list of objects, an object with such a list, or one object `{question: answer}`."""
    value = _decode(text, name, 1)
    if isinstance(value, dict):
        value = _unwrap(cast(dict[str, Any], value))
    if not isinstance(value, list):
        raise document_error(name, "a list of objects is wanted", line=1)
    items = cast(list[Any], value)
    return _some([_fields(item, name, None, at) for at, item in enumerate(items, 1)], name)


def _unwrap(value: dict[str, Any]) -> list[Any]:
    for key in _LISTS:
        if isinstance(value.get(key), list):
            return value[key]
    known = {alias for aliases in _NAMES.values() for alias in aliases}
    if not known & {key.lower() for key in value} and all(
        isinstance(item, str) for item in value.values()
    ):
        return [{"question": key, "answer": item} for key, item in value.items()]
    return [value]


def _decode(text: str, name: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = line + error.lineno - 1
        raise document_error(name, f"not JSON ({error.msg})", line=at) from error
    except (RecursionError, ValueError) as error:
        raise document_error(name, "not JSON that can be read", line=line) from error


def _fields(row: Any, name: str, line: int | None, item: int | None = None) -> dict[str, str]:
    if not isinstance(row, dict):
        raise document_error(name, _where("an object is wanted", item), line=line)
    lower = {str(key).strip().lower(): value for key, value in cast(dict[str, Any], row).items()}
    found = {field: _pick(lower, aliases) for field, aliases in _NAMES.items()}
    fields = {field: value for field, value in found.items() if value}
    answer = fields.pop("answer", "")
    if answer and not fields.get("question"):
        fields["question"] = fields.get("title", "")
    if not (answer and fields.get("question")) and not fields.get("text"):
        raise document_error(
            name, _where("a question with an answer is wanted, or a text", item), line=line
        )
    fields["text"] = answer or fields["text"]
    if not answer:
        fields.pop("question", None)
    fields["key"] = _digest(fields.get("question") or fields.get("title") or fields["text"])
    return fields


def _where(reason: str, item: int | None) -> str:
    return reason if item is None else f"item {item}: {reason}"


def _pick(row: dict[str, Any], aliases: tuple[str, ...]) -> str:
    values = (row.get(alias) for alias in aliases)
    texts = (str(value).strip() for value in values if isinstance(value, str | int))
    return next((text for text in texts if text), "")


def _digest(text: str) -> str:
    return hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest()[:8]


def _check_columns(columns: Any, name: str) -> None:
    known = {str(column).strip().lower() for column in columns}
    pair = known & {*_NAMES["answer"]} and known & {*_NAMES["question"], *_NAMES["title"]}
    if not pair and not known & {*_NAMES["text"]}:
        raise document_error(
            name, "the first line must name columns: question and answer, or text", line=1
        )


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.split("\n", 1)[0]

    class Guessed(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Guessed


def _some(found: list[dict[str, str]], name: str) -> list[dict[str, str]]:
    if not found:
        raise document_error(name, "there are no rows", line=1)
    return found
