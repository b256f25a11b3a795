"""A server and all its children: pinned to a core, their CPU time and memory read from /proc.

Above: `targets`, `load`. Below: Linux.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@cache
def cores() -> tuple[int, int]:
    """The core of the servers and the core of the load; the same where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


class ProcessTree:
    """A process of ours and whatever it starts."""

    def __init__(
        self, command: list[str], *, core: int, cwd: Path, environ: dict[str, str]
    ) -> None:
        self._process = subprocess.Popen(
            command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        """True once the process is gone."""
        return self._process.poll() is not None

    def read_line(self) -> str:
        """The next line it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def pids(self) -> list[int]:
        """The process and all that descend from it."""
        children: dict[int, list[int]] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and (fields := _stat(int(folder.name))):
                children.setdefault(int(fields[1]), []).append(int(folder.name))
        found = [self._process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def hurry(self, *, on: bool) -> None:
        """Real-time priority for all of them and for us: on a busy machine the figures are then
        those of a quiet one (the kernel keeps 5 % for the rest). Needs the right to do so."""
        policy, level = (os.SCHED_RR, 5) if on else (os.SCHED_OTHER, 0)
        for pid in (*self.pids(), os.getpid()):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setscheduler(int(task.name), policy, os.sched_param(level))

    def cpu_seconds(self) -> float:
        """User and system time of all of them so far."""
        ticks = 0
        for pid in self.pids():
            if fields := _stat(pid):
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def rss_kib(self) -> int:
        """Resident memory of all of them."""
        total = 0
        for pid in self.pids():
            try:
                total += int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE_KIB
            except OSError:
                continue
        return total

    def stop(self) -> str:
        """End it cleanly, or not; gives what it said on standard error."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            _, words = self._process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, words = self._process.communicate()
        return words


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat after the name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
