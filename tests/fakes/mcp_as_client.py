"""Our MCP client as a command for the conformance suite: `python -m tests.fakes.mcp_as_client URL`.

Above: tests/integration/test_mcp_conformance.py. Below: `core.specialists.mcp`. It connects, lists
the tools and calls the first one with numbers, as the suite wants.
"""

from __future__ import annotations

import asyncio
import sys

from core.specialists.mcp.files import McpFile
from core.specialists.mcp.toolset import McpServers
from switchboard.mcp_lines import open_line


async def main(url: str) -> None:
    """One conversation with the suite's server."""
    way = {"url": url, "private": True}
    look = McpServers(McpFile.model_validate({"servers": {"suite": way}}), open_line)
    texts = await look.servers["suite"].look()
    await look.close()
    tools = {text.name: {"pin": text.pin} for text in texts}
    file = McpFile.model_validate({"servers": {"suite": {**way, "tools": tools}}})
    servers = McpServers(file, open_line)
    for text in texts[:1]:
        given = dict(zip(text.parameters.get("properties", {}), (5, 3), strict=False))
        done = await servers.servers["suite"].call(text.name, given, key=None)
        assert not done.failed, done.text
    await servers.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1]))
