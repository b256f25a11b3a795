"""A real gateway as a child process, as a person would start it, and what one asks of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

# The first start of a fresh folder embeds the sample knowledge and trains triage.
FIRST_START_SECONDS = 240
START_SECONDS = 180


class GatewayProcess:
    """`switchboard up` (or `run ROLE…`) on one data folder."""

    def __init__(self, data: Path, *, roles: tuple[str, ...] = (), **environ: str) -> None:
        self.data = data
        self._roles = roles
        self._environ = environ
        self._ready = (
            data.parent / f"{data.name}-{'-'.join(roles) or 'up'}-{time.monotonic_ns()}.json"
        )
        self._child: subprocess.Popen[bytes] | None = None
        self.note: dict[str, Any] = {}
        self.ready_seconds = self.cpu_seconds = 0.0
        self.log = data.parent / f"{self._ready.stem}.log"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> GatewayProcess:
        """Start the child; it is not ready yet."""
        command = ["run", *self._roles] if self._roles else ["up"]
        if not self._roles or "web" in self._roles:
            command += ["--port", "0"]
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [
                    sys.executable, "-m", "switchboard", *command,
                    "--data", str(self.data), "--ready-file", str(self._ready),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self._environ},
            )  # fmt: skip
        return self

    async def ready(self, seconds: float = START_SECONDS) -> GatewayProcess:
        """Wait for the ready file."""
        assert self._child is not None
        end = self._started + seconds
        while not self._ready.exists():
            assert self._child.poll() is None, f"it ended:\n{self.text()}"
            assert time.monotonic() < end, f"not ready in {seconds} s:\n{self.text()}"
            await asyncio.sleep(0.01)
        self.ready_seconds = time.monotonic() - self._started
        self.cpu_seconds = _cpu_seconds(self.pid)
        self.note = json.loads(self._ready.read_text(encoding="utf-8"))
        return self

    def pause(self) -> None:
        """It does nothing until it is resumed."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on where it was paused."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """As `kill -9`: nothing is cleaned up."""
        assert self._child is not None
        self._child.kill()
        self._child.wait(10)

    async def stop(self, seconds: float = 30) -> int:
        """SIGTERM; gives the exit code."""
        assert self._child is not None
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._child.wait, seconds)

    async def wait_end(self, seconds: float = 30) -> int:
        """Wait until it ends by itself."""
        assert self._child is not None
        return await asyncio.to_thread(self._child.wait, seconds)

    def text(self) -> str:
        """All it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait(10)
        self._ready.unlink(missing_ok=True)


class Api:
    """The REST API of one gateway."""

    def __init__(self, gateway: GatewayProcess, session: aiohttp.ClientSession) -> None:
        self.url = gateway.note["url"] + "/api/v1"
        self.admin = gateway.note["admin_token"]
        self._session = session

    async def call(
        self, method: str, path: str, *, token: str | None = None, body: Any = None, **query: Any
    ) -> Any:
        """One call that must succeed."""
        async with self._session.request(
            method, self.url + path, json=body, params=query,
            headers={"Authorization": f"Bearer {token or self.admin}"},
        ) as response:  # fmt: skip
            text = await response.text()
            assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None

    async def open(self) -> tuple[str, str]:
        """A new conversation: its id and its token."""
        made = await self.call("POST", "/conversations", body={})
        return made["id"], made["token"]

    async def ask(self, conversation: str, token: str, text: str) -> dict[str, Any]:
        """Say something and wait for the answer."""
        path = f"/conversations/{conversation}/messages"
        return await self.call("POST", path, token=token, body={"text": text}, wait=60)

    async def entries(self, conversation: str, token: str) -> list[dict[str, Any]]:
        """The log of a conversation."""
        page = await self.call(
            "GET", f"/conversations/{conversation}/entries", token=token, after=0
        )
        return page["entries"]


def _cpu_seconds(pid: int) -> float:
    """What a process has computed so far."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def store_processes(data: Path) -> list[int]:
    """The embedded servers that work in this data folder."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            home = (folder / "cwd").readlink()
        except OSError:
            continue
        if home == data.resolve() / "valkey":
            found.append(int(folder.name))
    return found


def run_command(
    *arguments: str, text: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a `switchboard` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "switchboard", *arguments],
        input=text, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip
