"""Gateways to break, a store of their own, a history, an HTTP client."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.crew import SEED
from tests.fakes.history import History
from tests.fakes.servers import ValkeyServer, running_server
from tests.flows.conftest import filled, home, start

__all__ = ["filled", "home", "start"]


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    """A data folder whose knowledge is read and whose triage is trained."""
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    return home / "data"


@pytest.fixture
def store() -> Generator[ValkeyServer]:
    """The store of one test's processes."""
    with running_server() as server:
        yield server


@pytest.fixture
def history(tmp_path: Path) -> History:
    """The story of this test."""
    return History(tmp_path / "history.jsonl", SEED)


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """An HTTP client that does not wait for ever."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as opened:
        yield opened
