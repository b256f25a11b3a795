"""A bus on a server of its own and an archive, for tests of what hangs on them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.archive.database import Database
from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from tests.fakes.databases import empty_archive


@pytest.fixture
def data_dir() -> Generator[Path]:
    """A folder with a short path: a unix socket's is limited to 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        yield Path(folder)


@pytest.fixture
async def bus(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Bus]:
    """An open bus; leases are short (unless a test names them) so that take-overs are soon."""
    lease = getattr(request, "param", 1.5)
    async with open_bus(BusSettings(data_dir=data_dir, lease_seconds=lease)) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    """An empty archive, once on each kind of database."""
    async with empty_archive(request, request.param, data_dir) as opened:
        yield opened


@pytest.fixture
def full_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No caller gets anything back of what they used up, however long the test takes."""
    monkeypatch.setattr("channels.rates.time", SimpleNamespace(monotonic=lambda: 0.0))
