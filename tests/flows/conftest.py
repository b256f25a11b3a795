"""Gateways for the stories: one that is shared by all tests that only talk, and fresh ones."""

from __future__ import annotations

import asyncio
import fcntl
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import aiohttp
import pytest

from tests.flows.gateway_process import FIRST_START_SECONDS, Api, GatewayProcess

Start = Callable[..., GatewayProcess]


@pytest.fixture
def home() -> Generator[Path]:
    """A folder with a short path: a unix socket's is limited to 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder after its first start: knowledge read, triage trained. Copy it, leave it.

    It is made once for all processes of the suite; the others wait for it.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with (shared / "filled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "filled" / "done").exists():
            _fill(shared / "filled" / "data")
            (shared / "filled" / "done").touch()
    return shared / "filled" / "data"


def _fill(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    gateway = GatewayProcess(folder).start()

    async def work() -> None:
        await gateway.ready(FIRST_START_SECONDS)
        assert await gateway.stop() == 0

    try:
        asyncio.run(work())
    finally:
        gateway.close()


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=70)) as opened:
        yield opened


@pytest.fixture
def start() -> Generator[Start]:
    """Starts gateways, and ends whatever is left of them."""
    started: list[GatewayProcess] = []

    def make(data: Path, *, roles: tuple[str, ...] = (), **environ: str) -> GatewayProcess:
        gateway = GatewayProcess(data, roles=roles, **environ).start()
        started.append(gateway)
        return gateway

    yield make
    for gateway in started:
        gateway.close()


@pytest.fixture
def api(session: aiohttp.ClientSession) -> Callable[[GatewayProcess], Api]:
    """The API of a gateway that is ready."""
    return lambda gateway: Api(gateway, session)
