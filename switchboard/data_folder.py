"""The data folder: who owns it, its secrets, and the note by which commands find the gateway.

Above: `up`, `run`, all commands that look for a running gateway. Below: the file system.

    gateway.json   {url, admin_token, pid} of the gateway that runs now; gone when it stops
    secret.key     signs visitors' tokens          admin.token   opens console and API
    up.lock        held (by the kernel's word, not by the file's existence) while `up` runs
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import ConfigError

_PRIVATE = 0o600
# How long a secret that another process has just made may be without its words.
_LOOKS, _LOOK_SECONDS = 25, 0.02


@dataclass(frozen=True)
class GatewayNote:
    """How to reach the gateway of a data folder; also the shape of `--ready-file`."""

    url: str
    admin_token: str
    pid: int

    def write(self, path: Path) -> None:
        """Whole or not at all, readable by the owner only."""
        _write_private(path, json.dumps(asdict(self)) + "\n")


class DataFolder:
    """One folder, made on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @property
    def _note(self) -> Path:
        return self.path / "gateway.json"

    def make(self) -> None:
        """Make the folder. Raises `ConfigError` when it cannot be written to."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / f".probe-{os.getpid()}"
            probe.touch(mode=_PRIVATE)
            probe.unlink()
        except OSError as error:
            raise ConfigError(
                f"the data folder {self.path} cannot be written to ({error.strerror}): "
                "give this user the right to, or choose another with --data or SWITCHBOARD_DATA"
            ) from error

    @contextmanager
    def own(self) -> Generator[None]:
        """Be the only `up` here. A lock whose owner was killed is free again by itself."""
        with (self.path / "up.lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise ConfigError(
                    f"a gateway already runs on the data folder {self.path} (process {owner}): "
                    "stop it, or choose another folder with --data"
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def secret(self, name: str) -> str:
        """The secret kept in file `name`; made on first use, also when several processes start."""
        path = self.path / name
        for _ in range(_LOOKS):
            try:
                if kept := path.read_text(encoding="utf-8").strip():
                    return kept
                time.sleep(_LOOK_SECONDS)  # another process made it, and is about to write
            except FileNotFoundError:
                _create_private(path, secrets.token_urlsafe(32) + "\n")
        raise ConfigError(f"{path} is empty: remove it, and a new secret is made")

    def announce(self, note: GatewayNote) -> None:
        """Let commands find the gateway."""
        note.write(self._note)

    def retract(self, pid: int) -> None:
        """Take our announcement back, never another process's."""
        kept = self._read_note()
        if kept is not None and kept.pid == pid:
            self._note.unlink(missing_ok=True)

    def find_gateway(self) -> GatewayNote | None:
        """The gateway that runs on this folder; a note whose process is gone is no gateway."""
        kept = self._read_note()
        return kept if kept is not None and is_alive(kept.pid) else None

    def _read_note(self) -> GatewayNote | None:
        try:
            return GatewayNote(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def is_alive(pid: int) -> bool:
    """True if a process of this number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_private(path: Path, text: str) -> None:
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    spare.unlink(missing_ok=True)
    _create_private(spare, text)
    spare.replace(path)


def _create_private(path: Path, text: str) -> None:
    """Write a new file only the owner can read; an existing one stays as it is."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
