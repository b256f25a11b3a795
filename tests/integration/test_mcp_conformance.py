"""The public MCP conformance suite and the inspector, against the house's own door and client.

`make mcp-tools` installs both; what they print is left in tests/e2e/artifacts/mcp-conformance.txt.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from channels.mcp.server import build_mcp_server
from channels.mcp.settings import McpSettings
from core.bus.connect import Bus
from switchboard.mcp import mcp_door
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.fakes.mcp_fixtures import add_fixtures
from tests.fakes.mcp_tools_of_npm import CONFORMANCE, INSPECTOR, forwarding, missing, run_tool

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
REPORT = Path(__file__).parents[1] / "e2e" / "artifacts" / "mcp-conformance.txt"
PASSES = {
    "server-initialize", "ping", "tools-list", "resources-list", "prompts-list",
    "dns-rebinding-protection", "tools-call-simple-text", "tools-call-image", "tools-call-audio",
    "tools-call-embedded-resource", "tools-call-mixed-content", "tools-call-error",
    "resources-read-text", "resources-read-binary", "resources-templates-read",
    "prompts-get-simple", "prompts-get-with-args", "prompts-get-embedded-resource",
    "prompts-get-with-image",
}  # fmt: skip
STATELESS = "the door is stateless and answers in JSON: a call has no side stream"
NOT_OURS = "a thing that the product does not have"
OTHERS = {
    "tools-call-with-logging": STATELESS, "tools-call-with-progress": STATELESS,
    "tools-call-sampling": STATELESS, "tools-call-elicitation": STATELESS,
    "elicitation-sep1034-defaults": STATELESS, "elicitation-sep1330-enums": STATELESS,
    "server-sse-polling": STATELESS, "server-sse-multiple-streams": STATELESS,
    "resources-subscribe": STATELESS, "resources-unsubscribe": STATELESS,
    "logging-set-level": NOT_OURS, "completion-complete": NOT_OURS, "json-schema-2020-12": NOT_OURS,
}  # fmt: skip
_LINE = re.compile(r"^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)


@dataclass
class Judged:
    """The address that the tools are given, and all that they printed."""

    url: str
    printed: list[str] = field(default_factory=list[str])

    async def run(self, script: Path, *arguments: str) -> tuple[int, str]:
        code, out = await run_tool(script, *arguments)
        self.printed.append(f"$ {script.parts[-4]} {' '.join(arguments)}\n{out}")
        return code, out


@pytest.fixture
async def judged(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Judged]:
    """The door, with what the suite asks for by name beside the product's own tools."""

    def build(*args: Any, **more: Any) -> Any:
        server = build_mcp_server(*args, **more)
        add_fixtures(server)
        return server

    monkeypatch.setattr("channels.mcp.server.build_mcp_server", build)
    deps = list_deps(bus)
    opened = mcp_door(deps.tokens, McpSettings(), "1.0.0")
    assert opened is not None
    door, api = opened
    async with open_doors(bus, deps=replace(deps, mcp=door)) as doors:
        api.url = doors.url
        async with forwarding(f"{doors.url}/mcp", ADMIN) as url:
            judged = Judged(url)
            yield judged
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    with REPORT.open("a", encoding="utf-8") as file:
        file.write("\n".join(judged.printed))


async def test_the_public_scenarios_that_apply_pass(judged: Judged) -> None:
    REPORT.unlink(missing_ok=True)
    _, out = await judged.run(CONFORMANCE, "server", "--url", judged.url, "--suite", "all")
    found = {name: (int(good), int(bad)) for name, good, bad in _LINE.findall(out)}
    assert set(found) == PASSES | set(OTHERS)
    failed = {name for name in PASSES if found[name][1] or not found[name][0]}
    judged.printed.append(
        "\n".join(f"{name}: does not apply: {why}" for name, why in OTHERS.items())
    )
    assert not failed


async def test_the_inspector_sees_the_tools_and_calls_one(judged: Judged) -> None:
    at = ("--cli", judged.url, "--transport", "http", "--method")
    code, out = await judged.run(INSPECTOR, *at, "tools/list")
    listed = {tool["name"] for tool in _json_of(out)["tools"]}
    assert code == 0 and {"search_knowledge", "reply", "draft", "update_ticket"} <= listed
    code, out = await judged.run(INSPECTOR, *at, "resources/templates/list")
    assert code == 0 and "switchboard://tickets/{ticket}" in out
    call = ("tools/call", "--tool-name", "take", "--tool-arg", "conversation=c00nothing")
    _, out = await judged.run(INSPECTOR, *at, *call)
    assert _json_of(out)["isError"] is True


@pytest.mark.parametrize("scenario", ["initialize", "tools_call"])
async def test_our_client_passes_the_scenarios_of_clients(judged: Judged, scenario: str) -> None:
    command = f"{sys.executable} -m tests.fakes.mcp_as_client"
    code, out = await judged.run(
        CONFORMANCE, "client", "--command", command, "--scenario", scenario
    )
    assert code == 0 and "PASSED" in out


def _json_of(out: str) -> Any:
    """What stands before the remarks of the tool."""
    return json.JSONDecoder().raw_decode(out)[0]
