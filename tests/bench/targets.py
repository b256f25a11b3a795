"""What is measured: the product and the two baselines, started the same way.

Above: `rounds`. Below: `processes`, `switchboard up`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import ProcessTree, cores

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
# The gateway as it comes, but for the turn that answers with the customer's words (no embeddings,
# no knowledge), and limits that one machine full of visitors would meet.
SWITCHBOARD = {
    "SWITCHBOARD_ENGINE__TURN": "echo",
    "SWITCHBOARD_SAMPLE_KNOWLEDGE": "false",
    "SWITCHBOARD_WEB__SOCKETS_PER_ADDRESS": "100000",
    "SWITCHBOARD_WEB__MESSAGES_PER_SECOND": "100000",
    "SWITCHBOARD_LOG__LEVEL": "WARNING",
}


@dataclass(frozen=True)
class Target:
    """A server to put under load; `acks`: it acknowledges a message beside answering it."""

    name: str
    acks: bool


TARGETS = (
    Target("switchboard", acks=True),
    Target("stream-echo", acks=True),
    Target("echo", acks=False),
)


@dataclass(frozen=True)
class Running:
    """A started target."""

    url: str
    tree: ProcessTree


@contextmanager
def start(target: Target) -> Generator[Running]:
    """Start it on the servers' core, with nothing in its data folder; ended with the block."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        starter = _start_switchboard if target.name == "switchboard" else _start_baseline
        running = starter(target, Path(folder))
        try:
            yield running
        finally:
            running.tree.stop()


def _start_baseline(target: Target, folder: Path) -> Running:
    command = [sys.executable, "-m", "tests.bench.baselines", target.name]
    tree = ProcessTree(command, core=cores()[0], cwd=ROOT, environ=dict(os.environ))
    url = tree.read_line()
    if not url:
        raise RuntimeError(f"{target.name} did not start:\n{tree.stop()}")
    return Running(url, tree)


def _start_switchboard(target: Target, folder: Path) -> Running:
    note = folder / "ready.json"
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SWITCHBOARD_") and name not in {"REDIS_URL", "DATABASE_URL"}
    }
    command = [
        sys.executable, "-m", "switchboard", "up", "--data", str(folder / "data"), "--port", "0",
        "--ready-file", str(note),
    ]  # fmt: skip
    tree = ProcessTree(command, core=cores()[0], cwd=ROOT, environ=environ | SWITCHBOARD)
    end = time.monotonic() + START_SECONDS
    while not note.exists():
        if tree.has_ended or time.monotonic() > end:
            raise RuntimeError(f"the gateway did not start:\n{tree.stop()}")
        time.sleep(0.02)
    return Running(json.loads(note.read_text("utf-8"))["url"], tree)
