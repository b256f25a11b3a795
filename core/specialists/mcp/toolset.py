"""Every MCP server of this installation: its tools, its health, its keeper.

Above: the composition root. Below: `files`, `server`, `tool`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import structlog

from core.customers.ports import CustomerSystem
from core.errors import ToolServerError
from core.runtime import end_tasks, sleep_until, spawn
from core.specialists.mcp.files import McpFile
from core.specialists.mcp.server import OpenLine, ToolServer
from core.specialists.mcp.tool import McpTool

_log = structlog.get_logger("mcp")
_LOOK_SECONDS = 60.0
_SOON_SECONDS = 2.0


class McpServers:
    """The servers of the file; nothing is started before somebody needs it."""

    def __init__(self, file: McpFile, open_line: OpenLine) -> None:
        self.file = file
        self.servers = {
            name: ToolServer(name, spec, open_line) for name, spec in file.servers.items()
        }

    def __bool__(self) -> bool:
        return bool(self.servers)

    def tools(self, customers: CustomerSystem | None) -> list[McpTool]:
        """All allowed tools; `customers` says who the subject of a call is."""
        return [
            McpTool(server, tool, grant, customers)
            for server in self.servers.values()
            for tool, grant in server.spec.tools.items()
        ]

    def report(self) -> dict[str, Any]:
        """For health pages."""
        return {name: server.report() for name, server in self.servers.items()}

    async def close(self) -> None:
        """Let go of all."""
        for server in self.servers.values():
            await server.close()


class McpKeeper:
    """Connects the servers whose tools somebody lists, looks now and then whether these are still
    what was pinned, and comes back to those that went away. Implements `Service`."""

    name = "mcp"

    def __init__(self, servers: McpServers, wanted: Callable[[], Collection[str]]) -> None:
        """`wanted` gives the tools that specialists list now."""
        self._servers = servers
        self._wanted = wanted

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `Service`. A server that is away keeps nobody from starting."""
        ready.set()
        while not stop.is_set():
            all_well = await self._look(stop)
            if await sleep_until(stop, _LOOK_SECONDS if all_well else _SOON_SECONDS):
                break
        await self._servers.close()

    async def _look(self, stop: asyncio.Event) -> bool:
        """At all of them side by side; who is slow to start holds up neither the others nor a
        stop. True if all are well."""
        looks = [spawn(_look(server), name=f"mcp-{server.name}") for server in self._needed()]
        if not looks:
            return True
        stopped: asyncio.Task[Any] = spawn(stop.wait(), name="mcp-stop")
        left: set[asyncio.Task[Any]] = set(looks)
        try:
            while left and not stopped.done():
                both: set[asyncio.Task[Any]] = {*left, stopped}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                left = {look for look in left if not look.done()}
            return not left and all(look.result() for look in looks)
        finally:
            await end_tasks(*looks, stopped)

    def _needed(self) -> list[ToolServer]:
        named = {tool.partition(".")[0] for tool in self._wanted() if "." in tool}
        return [server for name, server in self._servers.servers.items() if name in named]


async def _look(server: ToolServer) -> bool:
    try:
        await server.refresh()
    except ToolServerError:
        return False  # counted and logged where it happened
    return True
