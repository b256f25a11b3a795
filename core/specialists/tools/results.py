"""Results of tools as the model reads them: small JSON, cut where it is written.

Above: the tools that read and write the company's systems. Below: `core.customers.records`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from core.customers.records import ActionResult, Subject
from core.specialists.tools.base import ToolRecord, error_result

# The same for an order of somebody else and for one that does not exist.
NO_SUCH_ORDER = error_result("no such order of this customer")
NO_CUSTOMER = error_result("this person is no customer of the company")
_LONGEST_TEXT = 300
_LONGEST_RESULT = 4000
_NEEDED = {
    1: "the customer must write from an account of theirs, or give order number and e-mail address",
    2: "the customer must be signed in on the company's own page",
    3: "the customer must confirm with a one-time code",
}


def give(shape: dict[str, Any], listed: str | None = None) -> str:
    """`shape` as JSON; of the list under `listed` as many items as fit, the rest counted."""
    text = _dump(shape)
    if listed is None or len(text) <= _LONGEST_RESULT:
        return text
    items: Sequence[Any] = shape[listed]
    for kept in range(len(items) - 1, -1, -1):
        text = _dump({**shape, listed: items[:kept], "left_out": len(items) - kept})
        if len(text) <= _LONGEST_RESULT:
            break
    return text


def fields_of(record: BaseModel, *names: str) -> dict[str, Any]:
    """These fields of a record as JSON values, without what is empty, long texts cut."""
    shape = record.model_dump(mode="json", include=set(names), exclude_none=True)
    return {name: _cut(shape[name]) for name in names if shape.get(name) not in (None, "", [])}


def give_action(done: ActionResult) -> str:
    """What came of a write; a refusal reads as an error, because nothing was done."""
    shape = done.model_dump(mode="json", exclude_none=True)
    if done.outcome == "refused":
        return _dump({"error": f"nothing was done: {done.code}", **shape})
    return _dump(shape)


def read_action(record: ToolRecord) -> ActionResult | None:
    """The outcome in a line of the ledger, if it is that of a write."""
    try:
        data = json.loads(record.result)
        data.pop("error", None)
        return ActionResult.model_validate(data)
    except (ValueError, AttributeError, TypeError, ValidationError):
        return None


def needs_identification(level: int, subject: Subject) -> str:
    """The result of a call for which the customer is not identified well enough."""
    shape = {
        "error": "identification_needed",
        "level": subject.level,
        "needed": level,
        "how": _NEEDED.get(level, "the customer must be identified"),
    }
    return _dump(shape)


def _dump(shape: dict[str, Any]) -> str:
    return json.dumps(shape, ensure_ascii=False)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}…"
    return value
