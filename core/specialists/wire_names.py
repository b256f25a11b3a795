"""Names of tools as model servers take them: letters, digits, `_` and `-`, no full stop.

Above: `model`, `core.specialists.mcp.files`. Below: nothing. Pure. A tool of somebody else's server
is `server.tool` everywhere in the house, and `server__tool` on the native wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def wire_name(name: str) -> str:
    """The name on the wire."""
    return name.replace(".", "__")


def definitions_for_wire(tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Definitions of tools under their names on the wire."""
    return [_renamed(tool) for tool in tools]


def names_for_wire(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages whose calls go by their names on the wire."""
    return [
        {**message, "tool_calls": [_renamed(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else message
        for message in messages
    ]


def _renamed(item: dict[str, Any]) -> dict[str, Any]:
    function = item["function"]
    return {**item, "function": {**function, "name": wire_name(function["name"])}}
