"""The operator's side of tools of others: what is offered, what to pin, what the doctor says."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.mcp.settings import McpSettings
from config.settings import Settings, load_settings
from core.bus.connect import Bus
from core.errors import ConfigError, InputError
from core.specialists.mcp.files import McpFile
from core.specialists.mcp.toolset import McpServers
from core.specialists.registry import SpecialistRegistry
from switchboard.doctor_mcp import check_mcp
from switchboard.mcp import mcp_door
from switchboard.mcp_client import open_mcp, open_mcp_crm, pin_lines, unknown_tools, view_servers
from switchboard.mcp_lines import open_line
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.fakes.mcp_server import TOKEN, McpHttpServer, open_mcp_server
from tests.fakes.mcp_tools_of_npm import forwarding

REFUSED = ("initialize",)
Write = Callable[[str], Settings]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[McpHttpServer]:
    monkeypatch.setenv("SHOP_MCP_TOKEN", TOKEN)
    async with open_mcp_server() as server:
        yield server


@pytest.fixture
def write(server: McpHttpServer, tmp_path: Path, root: Path) -> Write:
    """Writes config/mcp.toml with the server and what comes behind it."""
    folder = tmp_path / "config"
    shutil.copytree(root / "config" / "specialists", folder / "specialists")

    def written(more: str) -> Settings:
        text = (
            f'[servers.shop]\nurl = "{server.url}"\nprivate = true\ntoken_env = "SHOP_MCP_TOKEN"\n'
        )
        (folder / "mcp.toml").write_text(f"{text}\n{more}\n", encoding="utf-8")
        return load_settings({"SWITCHBOARD_CONFIG": str(folder)}, env_file=None)

    return written


async def test_the_lines_to_pin_make_a_file_that_fits(write: Write) -> None:
    lines = await pin_lines(write(""), "shop")
    tools = tomllib.loads(lines)["servers"]["shop"]["tools"]
    assert {name: tool["risk"] for name, tool in tools.items()} == {
        "track_parcel": "write", "book_visit": "write",
    }  # fmt: skip
    settings = write(lines)
    (view,) = await view_servers(settings)
    assert {item["tool"]: item["state"] for item in view.tools} == {
        "shop.track_parcel": "pinned", "shop.book_visit": "pinned",
    }  # fmt: skip
    finding = await check_mcp(settings)
    assert (finding.state, finding.found) == ("ok", "shop (2 tools)")
    with pytest.raises(InputError, match="it has shop"):
        await pin_lines(settings, "post")


async def test_what_changed_since_is_said_with_its_mend(
    write: Write, server: McpHttpServer
) -> None:
    settings = write(await pin_lines(write(""), "shop"))
    server.behaviour.mode = "changed"
    finding = await check_mcp(settings)
    assert (finding.state, finding.found) == ("note", "shop.track_parcel is changed")
    assert "mcp pin" in finding.mend
    # What it says now stands in a comment, on one line, whatever is in it.
    lines = await pin_lines(settings, "shop")
    assert tomllib.loads(lines)["servers"]["shop"]["tools"]["track_parcel"]["level"] == 2


async def test_a_server_that_is_away_keeps_nobody_from_starting(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_MCP_TOKEN")
    settings = write("")
    finding = await check_mcp(settings)
    assert finding.state == "note" and "SHOP_MCP_TOKEN is not set" in finding.found


async def test_a_tool_that_is_listed_and_not_allowed_is_named(write: Write) -> None:
    settings = write("[servers.shop.tools.track_parcel]")
    file = settings.config_dir / "specialists" / "technical.toml"
    text = file.read_text("utf-8").replace("tools = [", 'tools = ["shop.nothing", ', 1)
    file.write_text(text, encoding="utf-8")
    registry = SpecialistRegistry(settings.config_dir / "specialists")
    assert unknown_tools(registry, open_mcp(settings)) == ["shop.nothing"]
    assert "shop.nothing" in (await check_mcp(settings)).found


def test_there_is_one_crm_only(write: Write) -> None:
    settings = write('[servers.shop.tools.get]\n[crm]\nserver = "shop"\ncustomer = "get"\n')
    assert open_mcp_crm(settings, open_mcp(settings)) is not None
    both = settings.model_copy(
        update={"crm": settings.crm.model_copy(update={"url": "https://crm.example"})}
    )
    with pytest.raises(ConfigError, match="one only"):
        open_mcp_crm(both, open_mcp(both))
    with pytest.raises(ConfigError, match="none of the tools"):
        open_mcp(write('[crm]\nserver = "shop"\ncustomer = "get"\n'))


@pytest.mark.parametrize("shakes_hands", [pytest.param(True, marks=pytest.mark.slow), False])
async def test_our_client_understands_the_protocols_own_library(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, shakes_hands: bool
) -> None:
    """Our own door stands on it; it also speaks the revision without a handshake."""
    monkeypatch.setenv("OWN_TOKEN", ADMIN)
    deps = list_deps(bus)
    opened = mcp_door(deps.tokens, McpSettings(), "1.0.0")
    assert opened is not None
    door, api = opened
    async with (
        open_doors(bus, deps=replace(deps, mcp=door)) as doors,
        forwarding(f"{doors.url}/mcp", ADMIN, refuses=() if shakes_hands else REFUSED) as url,
    ):
        api.url = doors.url
        way: dict[str, Any] = {"url": url, "private": True, "token_env": "OWN_TOKEN"}
        looked = McpServers(McpFile.model_validate({"servers": {"own": way}}), open_line)
        texts = await looked.servers["own"].look()
        await looked.close()
        assert {"search_knowledge", "draft", "reply"} <= {text.name for text in texts}
        way["tools"] = {text.name: {"pin": text.pin} for text in texts}
        servers = McpServers(McpFile.model_validate({"servers": {"own": way}}), open_line)
        done = await servers.servers["own"].call("take", {"conversation": "c00nothing"}, key="k")
        assert done.failed and "no such conversation" in done.text
        await servers.close()


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_the_command_serves_an_assistant_over_its_input_and_output(bus: Bus) -> None:
    async with open_doors(bus) as doors:
        command = [sys.executable, "-m", "switchboard", "mcp", "--url", doors.url, "--token", ADMIN]
        way: dict[str, Any] = {"command": command, "start_seconds": 100, "deadline_seconds": 9}
        looked = McpServers(McpFile.model_validate({"servers": {"own": way}}), open_line)
        texts = await looked.servers["own"].look()
        await looked.close()
        way["tools"] = {text.name: {"pin": text.pin} for text in texts}
        servers = McpServers(McpFile.model_validate({"servers": {"own": way}}), open_line)
        await servers.servers["own"].refresh()
        done = await servers.servers["own"].call("take", {"conversation": "c00nothing"}, key=None)
        assert done.failed and "no such conversation" in done.text
        await servers.close()
