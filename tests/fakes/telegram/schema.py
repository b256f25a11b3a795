"""Holds a call to the schema of the Bot API: fields, types and lengths, nested objects included."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_SIMPLE: dict[str, type | tuple[type, ...]] = {
    "Boolean": bool, "True": bool, "Integer": int, "Float": (int, float), "String": str,
}  # fmt: skip


class Violation(Exception):
    """The call is not what the documentation allows."""


@cache
def _tables() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))


def check_call(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """The fields as values (a form has texts only). Raises `Violation`."""
    fields = _tables()["methods"].get(method)
    if fields is None:
        raise Violation(f"there is no method {method}")
    return _check_fields(method, fields, {name: _typed(fields, name, value)
                                          for name, value in given.items()})  # fmt: skip


def check_object(name: str, given: dict[str, Any]) -> None:
    """An object of a type, such as an `Update` that a test makes. Raises `Violation`."""
    _check_fields(name, _tables()["types"][name], given)


def _typed(fields: dict[str, Any], name: str, value: Any) -> Any:
    """What a form field stands for."""
    kind = fields.get(name, ["String"])[0]
    if not isinstance(value, str) or kind in {"String", "InputFile or String", "InputFile"}:
        return value
    if kind == "Integer or String":
        return int(value) if value.lstrip("-").isdigit() else value
    if kind in {"Boolean", "True"} and value in {"True", "False"}:
        return value == "True"
    try:
        return json.loads(value)
    except ValueError:
        raise Violation(f"{name}: can't parse {kind}") from None


def _check_fields(owner: str, fields: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(fields)
    if unknown:
        raise Violation(f"{owner} has no field {', '.join(sorted(unknown))}")
    for name, (kind, required, *limits) in fields.items():
        if name not in given:
            if required:
                raise Violation(f"{owner} needs {name}")
            continue
        _check_value(f"{owner}.{name}", kind, given[name])
        if limits and isinstance(given[name], str):
            _check_length(f"{owner}.{name}", given[name], *limits)
    return given


def _check_length(where: str, text: str, least: int, most: int, unit: str) -> None:
    length = len(text.encode()) if unit == "bytes" else len(text.encode("utf-16-le")) // 2
    if not least <= length <= most:
        raise Violation(f"{where}: {length} {unit}, may be {least}-{most}")


def _check_value(where: str, kind: str, value: Any) -> None:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise Violation(f"{where} is no list")
        for item in value:
            _check_value(where, kind.removeprefix("Array of "), item)
        return None
    options = [option for part in kind.split(" or ") for option in part.replace(" and ", ", ")
               .split(", ")]  # fmt: skip
    faults: list[str] = []
    for option in options:
        try:
            return _check_option(where, option, value)
        except Violation as error:
            faults.append(str(error))
    raise Violation("; ".join(faults))


def _check_option(where: str, kind: str, value: Any) -> None:
    if kind in _SIMPLE:
        wrong_number = kind != "Boolean" and kind != "True" and isinstance(value, bool)
        if wrong_number or not isinstance(value, _SIMPLE[kind]):
            raise Violation(f"{where} is no {kind}")
    elif kind == "InputFile":
        if not isinstance(value, bytes):
            raise Violation(f"{where} is no file")
    elif kind in _tables()["types"]:
        if not isinstance(value, dict):
            raise Violation(f"{where} is no {kind}")
        _check_fields(where, _tables()["types"][kind], value)
