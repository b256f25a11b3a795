"""A bus on an embedded server in a folder of its own, for tests of what hangs on it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings


@pytest.fixture
def data_dir() -> Generator[Path]:
    """A folder with a short path: a unix socket's is limited to 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        yield Path(folder)


@pytest.fixture
async def bus(data_dir: Path) -> AsyncGenerator[Bus]:
    """An open bus; leases are short so that take-overs are soon."""
    async with open_bus(BusSettings(data_dir=data_dir, lease_seconds=1.5)) as opened:
        yield opened
