"""The tools of a hostile server in a toolbox of the house, over both wires.

Above: the tests of the MCP client. Below: `mcp_server`, `mcp_stdio`, `core.specialists.mcp`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from core.customers.ports import CustomerSystem
from core.customers.records import Customer, Subject
from core.ports import ToolCall
from core.specialists.checks import Evidence
from core.specialists.mcp.files import McpFile
from core.specialists.mcp.pins import read_text
from core.specialists.mcp.server import ToolServer
from core.specialists.mcp.toolset import McpServers
from core.specialists.tools.base import Bench, ToolRecord
from core.specialists.tools.toolbox import Toolbox
from switchboard.mcp_lines import open_line
from tests.fakes.mcp_behaviour import BOOK, TRACK, Json
from tests.fakes.mcp_server import TOKEN, open_mcp_server

TRACKING, BOOKING = "shop.track_parcel", "shop.book_visit"
ALLOWED = (TRACKING, BOOKING, "shop.t1", "request_refund")
_TOKEN_NAME = "SHOP_MCP_TOKEN"


def pin_of(tool: Json) -> str:
    """The hash of a tool's text."""
    text = read_text(tool)
    assert text is not None
    return text.pin


@dataclass
class Customers:
    """This contact is customer 17; nobody else is one."""

    contact: str = "anna"

    async def customer(self, subject: Subject) -> Customer | None:
        """Who this is."""
        return Customer(id="17", name="Anna") if subject.contact == self.contact else None


@dataclass
class McpRig:
    """`turn` makes the server misbehave; `seen` gives the messages that it got."""

    servers: McpServers
    turn: Callable[[str], None]
    seen: Callable[[], list[Json]]
    bench: Bench = field(init=False)
    toolbox: Toolbox = field(init=False)
    calls: int = 0

    def __post_init__(self) -> None:
        self.toolbox = Toolbox(self.servers.tools(cast(CustomerSystem, Customers())))
        self.new_turn()

    @property
    def server(self) -> ToolServer:
        """The one server."""
        return self.servers.servers["shop"]

    def new_turn(self, *, level: int = 2, contact: str | None = "anna") -> Bench:
        """A fresh bench."""
        subject = Subject(conversation="cv_00_x", contact=contact, level=level)
        self.bench = Bench(
            language="en", categories=(), evidence=Evidence(), subject=subject, turn=7
        )
        return self.bench

    async def call(self, name: str = TRACKING, **arguments: Any) -> ToolRecord:
        """A call as a model makes it."""
        self.calls += 1
        call = ToolCall(id="1", name=name, arguments=json.dumps(arguments or {"number": "P1"}))
        return await self.toolbox.run(call, ALLOWED, self.bench, key=f"cv:7:{self.calls}")

    def effects(self) -> list[Json]:
        """The calls of tools that reached the server."""
        return [item["params"] for item in self.seen() if item.get("method") == "tools/call"]


def server_file(way: dict[str, Any], **more: Any) -> McpFile:
    """A file with the server `shop`, its two tools pinned."""
    tools = {
        "track_parcel": {"subject": "customer_id", "pin": pin_of(TRACK)},
        "book_visit": {"risk": "write", "level": 2, "pin": pin_of(BOOK)},
    }
    spec = {"deadline_seconds": 5.0, "result_bytes": 65_536, "tools": tools, **way, **more}
    return McpFile.model_validate({"servers": {"shop": spec}})


@asynccontextmanager
async def open_stdio_rig(folder: Path, **more: Any) -> AsyncGenerator[McpRig]:
    """The server as a child of ours."""
    mode = folder / "mode"
    mode.write_text("good", encoding="utf-8")
    command = [sys.executable, "-m", "tests.fakes.mcp_stdio", str(mode)]

    def seen() -> list[Json]:
        file = mode.with_suffix(".seen")
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def turn(name: str) -> None:
        mode.write_text(name, encoding="utf-8")

    servers = McpServers(server_file({"command": command}, **more), open_line)
    try:
        yield McpRig(servers, turn, seen)
    finally:
        await servers.close()


@asynccontextmanager
async def open_http_rig(
    monkeypatch: pytest.MonkeyPatch, *, streams: bool = False, **more: Any
) -> AsyncGenerator[McpRig]:
    """The server behind a socket of this machine."""
    monkeypatch.setenv(_TOKEN_NAME, TOKEN)
    async with open_mcp_server() as server:
        server.streams = streams
        way = {"url": server.url, "private": True, "token_env": _TOKEN_NAME}

        def turn(name: str) -> None:
            server.behaviour.mode = name

        def seen() -> list[Json]:
            return [{"method": "tools/call", "params": item} for item in server.behaviour.calls] + [
                {"refused": item} for item in server.behaviour.refused
            ]

        servers = McpServers(server_file(way, **more), open_line)
        try:
            yield McpRig(servers, turn, seen)
        finally:
            await servers.close()
