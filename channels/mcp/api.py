"""What the MCP server works with: the gateway's own REST API, with the caller's own token.

Above: `tools`, `resources`. Below: whoever speaks HTTP (the composition root). So an assistant may
do just what its token may do over REST, and every rule is written once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from core.errors import SwitchboardError

TokenOf = Callable[[Context[Any, Any]], str | None]


class Api(Protocol):
    """Calls of the API. Raises `SwitchboardError` with the gateway's own words."""

    async def call(
        self, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> Any:  # fmt: skip
        """The JSON of the answer, or None if there is none; `path` begins behind `/api/v1`."""
        ...


class Caller:
    """The API as one caller sees it."""

    def __init__(self, api: Api, token_of: TokenOf) -> None:
        self._api = api
        self._token_of = token_of

    async def get(self, ctx: Context[Any, Any], path: str, **query: Any) -> Any:
        """Raises `ToolError`."""
        return await self._call(ctx, "GET", path, query=query)

    async def post(self, ctx: Context[Any, Any], path: str, body: dict[str, Any]) -> Any:
        """Fields that are None are left out. Raises `ToolError`."""
        given = {name: value for name, value in body.items() if value is not None}
        return await self._call(ctx, "POST", path, body=given)

    async def patch(self, ctx: Context[Any, Any], path: str, body: dict[str, Any]) -> Any:
        """Fields that are None are left out. Raises `ToolError`."""
        given = {name: value for name, value in body.items() if value is not None}
        return await self._call(ctx, "PATCH", path, body=given)

    async def _call(self, ctx: Context[Any, Any], method: str, path: str, **more: Any) -> Any:
        try:
            return await self._api.call(method, path, token=self._token_of(ctx), **more)
        except SwitchboardError as error:
            raise ToolError(f"{error.code}: {error.public_text or error}") from error


def part(name: str) -> str:
    """One segment of a path, whatever the model made of it."""
    return quote(name[:200], safe="")
