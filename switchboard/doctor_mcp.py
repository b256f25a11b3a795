"""The doctor's look at MCP servers: reachable, pinned, and listed by somebody.

Above: `doctor`. Below: `mcp_client`. The servers are connected for it and let go again.
"""

from __future__ import annotations

from config.settings import Settings
from core.specialists.registry import SpecialistRegistry
from switchboard.doctor import Finding
from switchboard.mcp_client import ServerView, open_mcp, unknown_tools, view_servers

_PIN = "read what it says now (`switchboard mcp servers`), then pin it (`switchboard mcp pin NAME`)"


async def check_mcp(settings: Settings) -> Finding:
    """One finding over all servers."""
    servers = open_mcp(settings)
    registry = SpecialistRegistry(settings.config_dir / "specialists")
    unknown = unknown_tools(registry, servers)
    if unknown:
        words = f"specialists list {', '.join(unknown)}, which config/mcp.toml does not allow"
        return Finding("mcp", "note", words, "allow and pin them there, or take them off the lists")
    if not servers:
        return Finding("mcp", "ok", "no servers of others: config/mcp.toml names none")
    views = await view_servers(settings)
    away = [f"{view.name}: {view.error}" for view in views if view.error]
    if away:
        return Finding("mcp", "note", "; ".join(away), "check config/mcp.toml and the server")
    odd = [odd for view in views for odd in _odd(view)]
    if odd:
        return Finding("mcp", "note", "; ".join(odd), _PIN)
    counted = [f"{view.name} ({_pinned(view)} tools)" for view in views]
    return Finding("mcp", "ok", ", ".join(counted))


def _odd(view: ServerView) -> list[str]:
    wrong = {"changed", "not pinned", "missing"}
    return [f"{item['tool']} is {item['state']}" for item in view.tools if item["state"] in wrong]


def _pinned(view: ServerView) -> int:
    return sum(item["state"] == "pinned" for item in view.tools)
