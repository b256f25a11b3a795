"""What the host took from this machine: processor time that was wanted here and given to others.

No load average shows it. Where it is more than `NOISE`, how long something took says little of it.
Fields of /proc/stat: proc(5). Only Linux tells; elsewhere nothing is stolen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

# As a share: what a quiet host takes now and then is less.
NOISE = 0.1
_IDLE, _WAITING, _STOLEN, _FIELDS = 3, 4, 7, 8


class Stolen:
    """Counts from when it is made."""

    def __init__(self, source: Path = Path("/proc/stat")) -> None:
        self._source = source
        self._before = self._read()

    def share(self) -> float:
        """Of the time in which somebody wanted a processor, 0 to 1."""
        spent = [now - before for now, before in zip(self._read(), self._before, strict=True)]
        wanted = sum(spent) - spent[_IDLE] - spent[_WAITING]
        return spent[_STOLEN] / wanted if wanted > 0 else 0.0

    def _read(self) -> list[int]:
        if not self._source.is_file():
            return [0] * _FIELDS
        line = self._source.read_text().splitlines()[0]
        return [int(field) for field in line.split()[1 : _FIELDS + 1]]


def skip_unmeasured(least: float) -> None:
    """Nothing was measured, if this is the least share that the host took in any of the tries."""
    if least > NOISE:
        pytest.skip(f"the host took {least:.0%} of the processors or more: durations say nothing")
