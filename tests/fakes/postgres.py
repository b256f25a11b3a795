"""A real PostgreSQL for tests: one server on loopback, a fresh database for each test.

Above: tests marked `postgres`. Below: the binaries of the Debian package, run as an ordinary user
(the server refuses root), ended with this process.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_OWNER = "postgres"
_START_SECONDS = 20


class PostgresServer:
    """A running server; `create` makes a database and gives its URL."""

    def __init__(self, binaries: Path, folder: Path, port: int) -> None:
        self._binaries = binaries
        self._folder = folder
        self._port = port
        self._made = 0

    def create(self, template: str = "template1") -> str:
        """A new, empty database; or a copy of another that nobody is in."""
        self._made += 1
        name = f"test_{self._made}"
        self._psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql://{_OWNER}@127.0.0.1:{self._port}/{name}"

    def stop_hard(self) -> None:
        """Cut every connection, as a restarted server does."""
        self._psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )

    def shut(self, database: str) -> None:
        """Let nobody into this database, and cut who is in it."""
        self._psql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.stop_hard()

    def reopen(self, database: str) -> None:
        """Let them in again."""
        self._psql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def _psql(self, statement: str) -> None:
        command = [self._binaries / "psql", "-qtX", "-v", "ON_ERROR_STOP=1"]
        address = ["-h", "127.0.0.1", "-p", str(self._port), "-U", _OWNER, "-d", "postgres"]
        subprocess.run([*command, *address, "-c", statement], check=True, capture_output=True)


def find_binaries() -> Path | None:
    """Where the server's programs are; the newest version first."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*versions, *([Path(on_path)] if on_path else [])]
    return candidates[0].parent if candidates else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


@contextmanager
def run_postgres(binaries: Path) -> Generator[PostgresServer]:
    """Make a cluster without fsync (a test's data may be lost) and serve it."""
    as_owner: dict[str, Any] = (
        {"user": _OWNER, "group": _OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    with tempfile.TemporaryDirectory(prefix="sbpg") as folder:
        base, port = Path(folder), free_port()
        if as_owner:
            shutil.chown(base, _OWNER, _OWNER)
        subprocess.run(
            [binaries / "initdb", "-D", base / "db", "-U", _OWNER, "-A", "trust", "-E", "UTF8",
             "--no-sync", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=base, **as_owner,
        )  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": base,
            "fsync": "off", "max_connections": 40,
        }  # fmt: skip
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", base / "db", *options], cwd=base,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_end_with_parent,
            **as_owner,
        )  # fmt: skip
        try:
            ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            waits = ["timeout", str(_START_SECONDS), "sh", "-c", 'until "$@"; do sleep 0.05; done']
            subprocess.run([*waits, "sh", *ready], check=True)
            yield PostgresServer(binaries, base, port)
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown: roll back and leave
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """The one server of the session."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    with run_postgres(binaries) as server:
        yield server
