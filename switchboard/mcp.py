"""The MCP server of this gateway over HTTP, and of a running one over standard input and output.

Above: `doors`, `commands.mcp`. Below: `channels.mcp`, `gateway`. Both speak to the REST API with
the caller's own token, so they can do what it may do and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from channels.auth import Tokens
from channels.mcp.door import McpDoor
from channels.mcp.settings import McpSettings
from switchboard.attach import read_settings
from switchboard.gateway import GatewayClient, Whereabouts, open_gateway, require_gateway


class OwnApi:
    """The API of this very process; `url` is known once its server is bound."""

    def __init__(self) -> None:
        self.url = ""

    async def call(
        self, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> Any:  # fmt: skip
        """See `channels.mcp.api.Api`."""
        async with open_gateway(Whereabouts(self.url, None)) as client:
            return await client.call(method, path, body=body, query=query, token=token)


def mcp_door(tokens: Tokens, settings: McpSettings, version: str) -> tuple[McpDoor, OwnApi] | None:
    """The door at `/mcp` and what it works with; None if it is switched off."""
    if not settings.enabled:
        return None
    api = OwnApi()
    return McpDoor(api, tokens, settings, version=version), api


async def serve_stdio(url: str | None, token: str | None, data: Path | None, version: str) -> None:
    """Serve one client over standard input and output, until it ends. Raises `SwitchboardError` if
    no gateway runs."""
    from channels.mcp.server import build_mcp_server

    place = require_gateway(read_settings(data), url=url, token=token)
    async with open_gateway(place) as client:
        api: GatewayClient = client
        await build_mcp_server(api, lambda _: None, version=version).run_stdio_async()
