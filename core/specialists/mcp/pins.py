"""What of a tool is shown to the model, and the hash that holds it fast.

Above: `server`, `tool`, `switchboard mcp pin`. Below: hashlib. Pure. A server may change the words
of a tool at any time, and those words are read by the model as if they were ours; so an operator
reads them once, and only what has the hash of that day is ever shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

from core.messages import Frozen

LONGEST_DESCRIPTION = 2_000
_LONGEST_SCHEMA = 20_000
_DEEPEST = 12


class ToolText(Frozen):
    """A tool as its server tells of it: everything that a model would read."""

    name: str
    description: str
    parameters: dict[str, Any]

    @property
    def pin(self) -> str:
        """The hash of exactly this text."""
        text = json.dumps(
            [self.name, self.description, self.parameters], ensure_ascii=True, sort_keys=True
        )
        return f"sha256:{sha256(text.encode()).hexdigest()}"

    @property
    def fault(self) -> str | None:
        """Why a model cannot be shown it, if so."""
        if len(self.description) > LONGEST_DESCRIPTION:
            return "its description is too long"
        if self.parameters.get("type", "object") != "object":
            return "its arguments are no object"
        if len(json.dumps(self.parameters)) > _LONGEST_SCHEMA or _depth(self.parameters) > _DEEPEST:
            return "its schema is too large"
        return None


def read_text(item: Any) -> ToolText | None:
    """One item of a server's list; None if it is no tool."""
    if not isinstance(item, dict):
        return None
    fields = cast("Mapping[str, Any]", item)
    name, schema = fields.get("name"), fields.get("inputSchema")
    description = fields.get("description")
    if not isinstance(name, str) or not isinstance(schema, dict):
        return None
    return ToolText(
        name=name,
        description=description if isinstance(description, str) else "",
        parameters=cast("dict[str, Any]", schema),
    )


def _depth(value: Any, level: int = 0) -> int:
    if level > _DEEPEST:
        return level
    if isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).values())
    elif isinstance(value, list):
        items = cast("list[Any]", value)
    else:
        return level
    return max((_depth(item, level + 1) for item in items), default=level)
