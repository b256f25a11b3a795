"""The payloads of socket events: objects with known fields, files that come along. Pure.

Above: `gateway`, `desk`, `desk_work`. Below: `core.errors`.
"""

from __future__ import annotations

from typing import Any, cast

from core.errors import InputError


def fields_of(payload: Any, known: set[str]) -> dict[str, Any]:
    """The payload as an object with known fields only. Raises `InputError`."""
    if not isinstance(payload, dict):
        raise InputError("the payload must be an object")
    fields = cast("dict[str, Any]", payload)
    if unknown := fields.keys() - known:
        raise InputError(f"unknown field: {sorted(unknown)[0][:40]}")
    return fields


def refs_of(fields: dict[str, Any]) -> list[str]:
    """The ids of the files that a reply brings along. Raises `InputError`."""
    given: Any = fields.get("attachments") or []
    if not isinstance(given, list):
        raise InputError("attachments must be a list")
    refs: list[str] = []
    for one in cast("list[Any]", given):
        ref = cast("dict[str, Any]", one).get("id") if isinstance(one, dict) else None
        if not isinstance(ref, str):
            raise InputError("an attachment is {id} of a file uploaded before")
        refs.append(ref)
    return refs
