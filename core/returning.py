"""What people leave behind when they give a conversation back to the AI: the return record.

Above: memory, the desks, the case keeper. Below: `core.messages`. It travels as the `value` of the
control `release`: JSON with `decided`, `promised` and `open`, each of which may be missing. What
is no such JSON is read kindly: then the `reason` of the release is what was decided, as before
there were records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import orjson

from core.messages import Entry, Frozen
from core.text import clean_text

MOST_ITEMS = 8
LONGEST = 500


class ReturnRecord(Frozen):
    """`decided`: how the matter was settled; `promised`: what the customer may expect; `open`:
    what is still to be done."""

    decided: str = ""
    promised: tuple[str, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if nothing was left behind."""
        return not (self.decided or self.promised or self.open)

    def dump(self) -> str:
        """As the `value` of a release; what is empty is left out."""
        told = {name: found for name, found in self.model_dump().items() if found}
        return orjson.dumps(told).decode()


def make_return(
    *, decided: str = "", promised: Sequence[str] = (), still_open: Sequence[str] = ()
) -> ReturnRecord:
    """A record of words that anybody typed: cleaned, and cut to their bounds."""
    return ReturnRecord(decided=_words(decided), promised=_items(promised), open=_items(still_open))


def read_return(entry: Entry) -> ReturnRecord | None:
    """The record of a release; None for every other entry."""
    if entry.kind != "control" or entry.action != "release":
        return None
    found = _object(entry.value)
    if found is None:
        return ReturnRecord(decided=_reason(entry))
    return ReturnRecord(
        decided=_words(found.get("decided")) or _reason(entry),
        promised=_items(found.get("promised")),
        open=_items(found.get("open")),
    )


def _reason(entry: Entry) -> str:
    """What a person gave as the reason; that of the house is a code."""
    return _words(entry.reason) if entry.author.role == "human_agent" else ""


def _object(value: str | None) -> dict[str, Any] | None:
    try:
        found: Any = orjson.loads(value or "")
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _items(value: object) -> tuple[str, ...]:
    """The lines of a list; one sentence is a list of one."""
    given = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    words = (_words(item) for item in given)
    return tuple([item for item in words if item][:MOST_ITEMS])


def _words(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join(clean_text(value[: 4 * LONGEST]).split())[:LONGEST]
