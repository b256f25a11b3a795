"""Resources of the MCP server: conversations (whole, and as a specialist sees them) and tickets.

Above: `server`. Below: `api`.
"""

from __future__ import annotations

import json
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError

from channels.mcp.api import Caller, part

_MIME = "application/json"


def add_resources(server: MCPServer[Any], caller: Caller) -> None:
    """All resources, as templates: which there are is what the lists of the tools say."""

    @server.resource(
        "switchboard://conversations/{conversation}", mime_type=_MIME,
        description="A conversation: its state and its last entries.",
    )  # fmt: skip
    async def conversation(conversation: str, ctx: Context[Any, Any]) -> str:
        path = f"/conversations/{part(conversation)}"
        state = await _get(caller, ctx, path)
        after = max(0, int(state["entries"]) - 100)
        page = await _get(caller, ctx, f"{path}/entries", after=after, limit=100)
        return _dump({"conversation": state, **page})

    @server.resource(
        "switchboard://tickets/{ticket}", mime_type=_MIME, description="A ticket with its history."
    )
    async def ticket(ticket: str, ctx: Context[Any, Any]) -> str:
        return _dump(await _get(caller, ctx, f"/tickets/{part(ticket)}"))

    @server.resource(
        "switchboard://conversations/{conversation}/view/{specialist}", mime_type=_MIME,
        description="A conversation as one specialist sees it: billing sees billing.",
    )  # fmt: skip
    async def view(conversation: str, specialist: str, ctx: Context[Any, Any]) -> str:
        path = f"/conversations/{part(conversation)}/view"
        return _dump(await _get(caller, ctx, path, specialist=specialist[:40]))

    del conversation, ticket, view  # the server has them


async def _get(caller: Caller, ctx: Context[Any, Any], path: str, **query: Any) -> Any:
    """Raises `ResourceError` with the gateway's own words: only bugs are for the log."""
    try:
        return await caller.get(ctx, path, **query)
    except ToolError as refusal:
        missing = str(refusal).startswith("not_found")
        raise (ResourceNotFoundError if missing else ResourceError)(str(refusal)) from refusal


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
