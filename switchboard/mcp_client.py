"""The MCP servers of this installation: for turns, for the CRM, for doctor and commands.

Above: `wiring`, `roles`, `doors`, `doctor`, `commands.mcp`. Below: `mcp_lines`,
`core.specialists.mcp`, `core.customers.crm`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

from config.settings import Settings
from core.customers.crm.client import CrmClient
from core.customers.crm.over_mcp import McpFetch
from core.errors import ConfigError, InputError, ToolServerError
from core.messages import Frozen
from core.runtime import Service
from core.specialists.mcp.files import CrmTools, ToolGrant, read_mcp
from core.specialists.mcp.pins import ToolText
from core.specialists.mcp.toolset import McpKeeper, McpServers
from core.specialists.registry import SpecialistRegistry
from core.text import clean_text
from switchboard.mcp_lines import open_line

if TYPE_CHECKING:
    from switchboard.wiring import Parts

FILE = "mcp.toml"
_log = structlog.get_logger("mcp")


def open_mcp(settings: Settings) -> McpServers:
    """What `config/mcp.toml` names; nothing is connected yet. Raises `ConfigError`."""
    return McpServers(read_mcp(settings.config_dir / FILE), open_line)


def open_mcp_crm(settings: Settings, servers: McpServers) -> CrmClient | None:
    """The CRM that is a server's tools; None if there is none. Raises `ConfigError` if there is
    another one beside it."""
    crm = servers.file.crm
    if crm is None:
        return None
    if settings.crm.url is not None:
        raise ConfigError("CRM_URL is set, and config/mcp.toml names a CRM: there can be one only")
    return crm_over_mcp(
        servers, crm, deadline_seconds=settings.crm.deadline_seconds,
        kept_seconds=settings.crm.kept_seconds,
    )  # fmt: skip


def crm_over_mcp(servers: McpServers, crm: CrmTools, **patience: Any) -> CrmClient:
    """A client whose requests are calls of that server's tools."""
    server = servers.servers[crm.server]

    async def call(tool: str, given: dict[str, Any], key: str | None) -> tuple[bool, str, Any]:
        done = await server.call(tool, given, key=key)
        return done.failed, done.text, done.data

    tools: dict[str, str] = crm.model_dump(exclude={"server"}, exclude_none=True)
    return CrmClient(McpFetch(call, tools), **patience)


def unknown_tools(registry: SpecialistRegistry, servers: McpServers) -> list[str]:
    """What specialists list and no server is allowed to offer."""
    known = set(servers.file.names())
    listed = {tool for spec in registry.all() for tool in spec.tools if "." in tool}
    return sorted(listed - known)


def mcp_services(parts: Parts) -> list[Service]:
    """Who keeps the servers connected, if there are any."""
    servers, engine = parts.mcp, parts.engine
    if not servers or engine is None:
        return []
    for tool in unknown_tools(engine.registry, servers):
        _log.warning("mcp_tool_unknown", tool=tool)
    crm = [f"{servers.file.crm.server}.crm"] if servers.file.crm else []

    def wanted() -> list[str]:
        return crm + [tool for spec in engine.registry.all() for tool in spec.tools]

    return [McpKeeper(servers, wanted)]


class ServerView(Frozen):
    """One server as commands show it."""

    name: str
    error: str | None = None
    tools: list[dict[str, Any]]


async def view_servers(settings: Settings) -> list[ServerView]:
    """Every server with what it offers, held against the pins."""
    servers = open_mcp(settings)
    try:
        return [await _view(servers, name) for name in servers.servers]
    finally:
        await servers.close()


async def pin_lines(settings: Settings, name: str) -> str:
    """The part of config/mcp.toml that allows every tool of this server with the text that it has
    now. Raises `InputError` if there is no such server, `ToolServerError` if it is away."""
    servers = open_mcp(settings)
    if name not in servers.servers:
        known = ", ".join(servers.servers) or "none"
        raise InputError(f"config/mcp.toml has no server {name!r}; it has {known}")
    try:
        texts = await servers.servers[name].look()
    finally:
        await servers.close()
    grants = servers.file.servers[name].tools
    return "\n\n".join(_lines(name, text, grants.get(text.name)) for text in texts)


def _lines(name: str, text: ToolText, grant: ToolGrant | None) -> str:
    """What is not said yet is the careful answer: it writes, so the customer is asked first."""
    known = grant or ToolGrant(risk="write", level=2)
    words = json.dumps(clean_text(text.description), ensure_ascii=False)
    taken = ", ".join(json.dumps(part) for part in text.parameters.get("properties", {})) or "none"
    lines = [
        f"[servers.{name}.tools.{json.dumps(text.name)}]",
        f"# It says: {words}",
        f"# Its arguments: {taken}",
        f'risk = "{known.risk}"',
        f"level = {known.level}",
        f"subject = {json.dumps(known.subject)}" if known.subject else '# subject = "ARGUMENT"',
        f'pin = "{text.pin}"',
    ]
    return "\n".join(lines + ([f"# NOT SHOWN: {text.fault}"] if text.fault else []))


async def _view(servers: McpServers, name: str) -> ServerView:
    try:
        texts = await servers.servers[name].look()
    except ToolServerError as error:
        return ServerView(name=name, error=f"{error} ({error.code})", tools=[])
    return _shown(servers, name, texts)


def _shown(servers: McpServers, name: str, texts: list[ToolText]) -> ServerView:
    grants = servers.file.servers[name].tools
    tools: list[dict[str, Any]] = []
    for text in texts:
        grant = grants.get(text.name)
        state = "not allowed"
        if grant is not None:
            state = "not pinned" if grant.pin is None else "changed"
            state = "pinned" if grant.pin == text.pin else state
        tools.append({"tool": f"{name}.{text.name}", "state": state, "pin": text.pin,
                      "description": clean_text(text.description)})  # fmt: skip
    offered = {text.name for text in texts}
    tools += [
        {"tool": f"{name}.{tool}", "state": "missing", "pin": grant.pin, "description": ""}
        for tool, grant in grants.items()
        if tool not in offered
    ]
    return ServerView(name=name, tools=tools)
