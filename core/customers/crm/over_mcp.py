"""A CRM whose routes are tools of an MCP server.

Above: the composition root. Below: `client`, which asks patiently, remembers and leaves a sick one
alone. Everything that is known of a CRM over HTTP holds here too: only the way of asking differs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote

from core.customers.crm.client import CrmAnswer
from core.errors import CustomerSystemError, SwitchboardError

Json = dict[str, Any]
# Calls a tool: name, arguments, idempotency key; gives whether it failed, its words and its JSON.
CallTool = Callable[[str, Json, str | None], Awaitable[tuple[bool, str, Any]]]
# Which tool stands for which route of docs/crm.md.
_ROUTES = (
    ("GET", re.compile(r"/customers\Z"), "find"),
    ("GET", re.compile(r"/customers/(?P<id>[^/]+)\Z"), "customer"),
    ("GET", re.compile(r"/customers/(?P<id>[^/]+)/orders\Z"), "orders"),
    ("GET", re.compile(r"/customers/(?P<id>[^/]+)/billing\Z"), "billing"),
    ("GET", re.compile(r"/customers/(?P<id>[^/]+)/history\Z"), "history"),
    ("POST", re.compile(r"/customers/(?P<id>[^/]+)/history\Z"), "write_history"),
    ("POST", re.compile(r"/tickets\Z"), "ticket"),
)
_NOT_FOUND = re.compile(r"\b(not[ _]found|no such|unknown|404)\b", re.IGNORECASE)


class McpFetch:
    """Implements `client.Fetch`. `tools` names the tool for each role that the CRM has."""

    def __init__(self, call: CallTool, tools: Mapping[str, str]) -> None:
        self._call = call
        self._tools = tools

    async def __call__(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None,
        key: str | None = None, seconds: float,
    ) -> CrmAnswer:  # fmt: skip
        """See `Fetch`; the deadline is that of the server, or the caller's if it is sooner."""
        role, arguments = _route(method, path)
        tool = self._tools.get(role)
        if tool is None:
            return CrmAnswer(status=404)
        arguments |= query or {}
        if isinstance(body, dict):
            arguments |= cast(Json, body)
        if key is not None:
            arguments["key"] = key
        try:
            async with asyncio.timeout(seconds):
                failed, words, data = await self._call(tool, arguments, key)
        except TimeoutError as late:
            raise CustomerSystemError("the CRM does not answer in time") from late
        except SwitchboardError as error:
            raise CustomerSystemError(f"the CRM does not answer: {error.code}") from error
        if failed:
            return CrmAnswer(status=404 if _NOT_FOUND.search(words) else 500)
        data = _unwrapped(data)
        return CrmAnswer(status=404 if data in (None, {}, []) and method == "GET" else 200,
                         data=data)  # fmt: skip


def _route(method: str, path: str) -> tuple[str, Json]:
    for verb, pattern, role in _ROUTES:
        if verb == method and (match := pattern.match(path)):
            return role, {name: unquote(value) for name, value in match.groupdict().items()}
    return "", {}


def _unwrapped(data: Any) -> Any:
    """Tools may give objects only: some frameworks put a list or a text under `result`."""
    if not isinstance(data, dict):
        return data
    fields = cast(Json, data)
    return fields["result"] if list(fields) == ["result"] else fields
