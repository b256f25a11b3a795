"""A model server on loopback (aimock), with one fixture for each way to go wrong.

Which one is played is chosen by a word in the customer's message.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
CLI = _ROOT / "node" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
ANSWER = "Open Settings and choose Reset. It takes 5 minutes. Then you are done."
_CALL = {"toolCalls": [{"name": "search_knowledge", "arguments": '{"query": "change card"}'}]}


def missing_parts() -> str | None:
    """Why the server cannot run here, if it cannot."""
    if shutil.which("node") is None:
        return "node is not installed"
    return None if CLI.is_file() else "aimock is not installed (npm install in tests/node)"


def _entry(word: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    match = {"userMessage": word, **more.pop("match", {})}
    return {"match": match, "response": response, **more}


FIXTURES = [
    _entry("works", {"content": ANSWER}),
    _entry("looks-up", _CALL, match={"hasToolResult": False}),
    _entry("looks-up", {"content": "Add a new card under Billing [2]."}),
    _entry("limited", {"error": {"message": "slow down"}, "status": 429, "retryAfter": 1}),
    _entry("failing", {"error": {"message": "boom"}, "status": 500}),
    _entry("refusing", {"error": {"message": "bad key"}, "status": 401}),
    _entry("cut", {"content": ANSWER}, truncateAfterChunks=2),
    _entry("silent", {"content": ANSWER}, streamingProfile={"ttft": 60_000}),
    _entry("stalling", {"content": ANSWER}, latency=60_000),
    _entry("garbage", {"content": ANSWER}, chaos={"malformedRate": 1}),
    _entry("dropping", {"content": ANSWER}, chaos={"disconnectRate": 1}),
    _entry("empty", {"content": ""}),
    _entry("inventing", {"content": "You get 4711 dollars back."}),
]


@contextmanager
def model_server(folder: Path) -> Generator[str]:
    """Run the server; gives its base address for a client."""
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": FIXTURES}), encoding="utf-8")
    port = _free_port()
    command = ["node", str(CLI), "-p", str(port), "-f", str(folder), "-c", "12", "--strict",
               "--log-level", "silent"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it answers, at most 20 seconds."""
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("the model server ended at once")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1).close()
        except (urllib.error.URLError, OSError):
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
        return
    raise RuntimeError("the model server never answered")
