"""A company's CRM as tools of an MCP server, over the same data as the CRM over HTTP.

Above: the contract of customers, the tests of the CRM over MCP. Below: `mcp_server`,
`mcp_behaviour`. Lists come wrapped under `result`, as frameworks for MCP servers do it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.customers.crm.system import CrmCustomers
from core.specialists.mcp.files import McpFile
from core.specialists.mcp.toolset import McpServers
from switchboard.mcp_client import crm_over_mcp
from switchboard.mcp_lines import open_line
from tests.fakes.mcp_behaviour import Json, McpBehaviour
from tests.fakes.mcp_rig import pin_of
from tests.fakes.mcp_server import TOKEN, McpHttpServer, open_mcp_server

ROLES = {
    "customer": "get_customer", "find": "find_customers", "orders": "list_orders",
    "billing": "get_billing", "ticket": "create_ticket", "history": "list_history",
    "write_history": "add_history",
}  # fmt: skip


def _tool(name: str) -> Json:
    return {
        "name": name, "description": f"{name} of the company's CRM.",
        "inputSchema": {"type": "object", "properties": {"id": {"type": "string"}}},
    }  # fmt: skip


class CrmTools(McpBehaviour):
    """`customers` by id, each with `orders`, `billing` and `history`; tickets once for a key."""

    def __init__(self, customers: dict[str, Json]) -> None:
        super().__init__()
        self.customers = customers
        self.tickets: dict[str, Json] = {}

    def tools(self) -> list[Json]:
        """The tools of the CRM."""
        return [_tool(name) for name in ROLES.values()]

    def call(self, params: Json) -> Json:
        """Answer one of them."""
        name, given = params["name"], params["arguments"]
        if name == "find_customers":
            wanted = given["email"].casefold()
            theirs = [
                c for c in self.customers.values() if str(c.get("email", "")).casefold() == wanted
            ]
            return _structured({"result": [_bare(one) for one in theirs]})
        if name == "create_ticket":
            number = f"CRM-{len(self.tickets) + 1}"
            return _structured(self.tickets.setdefault(given["key"], {"number": number}))
        known = self.customers.get(given["id"])
        if known is None:
            return {"content": [{"type": "text", "text": "customer not found"}], "isError": True}
        parts = {"list_orders": "orders", "list_history": "history"}
        if name in parts:
            return _structured({"result": known.get(parts[name], [])})
        if name == "add_history":
            known.setdefault("history", []).append(given)
            return _structured({"stored": True})
        return _structured(known.get("billing", {}) if name == "get_billing" else _bare(known))


@asynccontextmanager
async def open_mcp_crm_rig(
    monkeypatch: pytest.MonkeyPatch, customers: dict[str, Json]
) -> AsyncGenerator[tuple[McpHttpServer, CrmCustomers]]:
    """The server, and the house's customers over it."""
    monkeypatch.setenv("CRM_MCP_TOKEN", TOKEN)
    async with open_mcp_server() as server:
        server.behaviour = behaviour = CrmTools(customers)
        tools: dict[str, Any] = {tool["name"]: {"pin": pin_of(tool)} for tool in behaviour.tools()}
        way = {"url": server.url, "private": True, "token_env": "CRM_MCP_TOKEN", "tools": tools}
        file = McpFile.model_validate({"servers": {"crm": way}, "crm": {"server": "crm", **ROLES}})
        assert file.crm is not None
        servers = McpServers(file, open_line)
        try:
            client = crm_over_mcp(servers, file.crm, deadline_seconds=2.0, kept_seconds=0.0)
            yield server, CrmCustomers(client)
        finally:
            await servers.close()


def _bare(customer: Json) -> Json:
    hidden = {"orders", "billing", "history"}
    return {name: value for name, value in customer.items() if name not in hidden}


def _structured(data: Json) -> Json:
    return {"content": [], "structuredContent": data}
