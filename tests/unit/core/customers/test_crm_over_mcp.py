"""Routes of a CRM as tools: which tool is called with what, and what its answer means."""

from __future__ import annotations

from typing import Any

import pytest

from core.customers.crm.over_mcp import McpFetch
from core.errors import CustomerSystemError, ToolServerError

TOOLS = {"customer": "get", "find": "find", "orders": "orders", "ticket": "open"}


class Server:
    """Answers every call with `answer`, and keeps what was asked."""

    def __init__(self, answer: tuple[bool, str, Any]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []

    async def __call__(
        self, tool: str, given: dict[str, Any], key: str | None
    ) -> tuple[bool, str, Any]:
        self.asked.append((tool, given, key))
        return self.answer


@pytest.mark.parametrize(
    ("method", "path", "query", "asked"),
    [
        ("GET", "/customers/a%2Fb", None, ("get", {"id": "a/b"}, None)),
        ("GET", "/customers", {"email": "a@b.example"}, ("find", {"email": "a@b.example"}, None)),
        ("GET", "/customers/17/orders", None, ("orders", {"id": "17"}, None)),
    ],
)
async def test_a_route_is_its_tool(
    method: str, path: str, query: dict[str, str] | None, asked: object
) -> None:
    server = Server((False, "", {"id": "17"}))
    answer = await McpFetch(server, TOOLS)(method, path, query=query, seconds=1)
    assert (answer.status, answer.data) == (200, {"id": "17"})
    assert server.asked == [asked]


async def test_a_write_bears_its_key() -> None:
    server = Server((False, "", {"number": "T1"}))
    body = {"subject": "Refund", "customer": "17"}
    await McpFetch(server, TOOLS)("POST", "/tickets", body=body, key="k", seconds=1)
    assert server.asked == [("open", {**body, "key": "k"}, "k")]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((True, "customer not found", None), 404),
        ((True, "No such customer", None), 404),
        ((True, "database is locked", None), 500),
        ((False, "null", None), 404),
        ((False, "", {"result": []}), 404),
        ((False, "", {"result": [{"number": "F1"}]}), 200),
    ],
)
async def test_what_a_result_says_is_a_status(answer: Any, status: int) -> None:
    assert (
        await McpFetch(Server(answer), TOOLS)("GET", "/customers/1", seconds=1)
    ).status == status


async def test_what_the_server_does_not_have_is_not_there() -> None:
    server = Server((False, "", {}))
    for path in ("/customers/1/billing", "/customers/1/history", "/elsewhere"):
        assert (await McpFetch(server, TOOLS)("GET", path, seconds=1)).status == 404
    assert server.asked == []


async def test_a_server_that_fails_is_a_system_that_is_away() -> None:
    async def fails(tool: str, given: dict[str, Any], key: str | None) -> tuple[bool, str, Any]:
        raise ToolServerError("gone", code="mcp_ended")

    with pytest.raises(CustomerSystemError, match="mcp_ended"):
        await McpFetch(fails, TOOLS)("GET", "/customers/1", seconds=1)
