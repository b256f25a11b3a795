"""Opening the bus: clients, fitness of the store, scripts, and everything that hangs on them.

Above: the composition root and tests. Below: redis-py, `embedded`, `log`, `live`, `journal`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as NoAnswer

from core.bus.answers import Answers
from core.bus.calls import STORE_ERRORS, Calls, Client, load_scripts, translate
from core.bus.cluster import ClusterClient
from core.bus.dead import DeadLetters
from core.bus.duty import DutyList
from core.bus.embedded import EmbeddedServer
from core.bus.fitness import check_fitness, read_info
from core.bus.journal import Journal
from core.bus.keys import meta_key, shard_names
from core.bus.live import Live
from core.bus.packing import pack_faster
from core.bus.pulse import DeskPulse
from core.bus.reload import ReloadingLog
from core.bus.settings import BusSettings
from core.bus.unseen import Unseen
from core.errors import BusUnavailable, ConfigError

# Scripts are idempotent, so a lost answer may be asked for again; a stall is bounded.
_RETRIES = 3


@dataclass(frozen=True)
class Bus:
    """The session bus of one process."""

    settings: BusSettings
    client: Client
    reading: Client
    calls: Calls
    log: ReloadingLog
    live: Live
    journal: Journal
    dead: DeadLetters
    answers: Answers
    duty: DutyList
    pulse: DeskPulse
    unseen: Unseen
    embedded: EmbeddedServer | None

    @property
    def shards(self) -> list[str]:
        """All shards."""
        return shard_names(self.settings.shards)

    @property
    def shard_groups(self) -> list[list[str]]:
        """Shards that one blocking read may span: all on one server, each alone on a cluster."""
        if isinstance(self.client, RedisCluster):
            return [[shard] for shard in self.shards]
        return [self.shards]

    async def ping(self) -> None:
        """Raises `BusUnavailable` when the store does not take writes now, or is not whole yet."""
        await self.calls.command("HSET", meta_key(), "ping", "1")
        if self.log.rebuilding:
            raise BusUnavailable("the store lost what it held and is being rebuilt")

    async def info(self) -> dict[str, Any]:
        """What the store says of itself (version, persistence, memory), for health and doctor."""
        return await read_info(self.client)


@asynccontextmanager
async def open_bus(settings: BusSettings) -> AsyncGenerator[Bus]:
    """Connect (starting the embedded server if there is no URL), check fitness, load scripts.

    Raises `ConfigError` when the store is unfit or does not answer.
    """
    async with AsyncExitStack() as stack:
        embedded = None
        if settings.url is None:
            embedded = EmbeddedServer(settings.data_dir, fsync=settings.fsync)
            stack.push_async_callback(embedded.close)
            await embedded.start()
        url = settings.url.get_secret_value() if settings.url else embedded.url if embedded else ""
        client = _client(url, settings, blocking=False)
        stack.push_async_callback(client.aclose)
        reading = _client(url, settings, blocking=True)
        stack.push_async_callback(reading.aclose)
        await _prepare(client, settings)
        if isinstance(reading, RedisCluster):  # before all shards are read side by side
            await _meet(reading)
        calls = Calls(client, deadline_seconds=settings.timeout_seconds)
        stack.push_async_callback(calls.drain)
        log = ReloadingLog(calls, shards=settings.shards)
        yield Bus(
            settings=settings,
            client=client,
            reading=reading,
            calls=calls,
            log=log,
            live=Live(calls, reading, shards=settings.shards),
            journal=Journal(calls, reading, settings),
            dead=DeadLetters(calls, shards=settings.shards, fetch=log.head),
            answers=Answers(calls, shards=settings.shards),
            duty=DutyList(calls),
            pulse=DeskPulse(calls),
            unseen=Unseen(calls, shards=settings.shards),
            embedded=embedded,
        )


def _client(url: str, settings: BusSettings, *, blocking: bool) -> Client:
    """A client; the one for blocking reads waits longer than any block."""
    timeout = settings.timeout_seconds + (10 if blocking else 0)
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": settings.timeout_seconds,
        "retry": Retry(
            ExponentialWithJitterBackoff(base=0.02, cap=0.5),
            _RETRIES,
            supported_errors=(LostConnection, NoAnswer, BusyLoadingError),
        ),
        "health_check_interval": 0,
        "max_connections": 256,
    }
    if settings.cluster:
        return ClusterClient.from_url(url, **options)
    untyped: Any = Redis
    return pack_faster(untyped.from_url(url, **options))


async def _prepare(client: Client, settings: BusSettings) -> None:
    try:
        if isinstance(client, RedisCluster):
            await client.initialize()
        await check_fitness(client)
        await load_scripts(client)
        await _check_shards(client, settings.shards)
    except STORE_ERRORS as error:
        raise _no_store(error) from error


async def _meet(client: RedisCluster) -> None:
    """Learn where the nodes are before commands run side by side, and close each other's lines."""
    try:
        await client.initialize()
    except STORE_ERRORS as error:
        raise _no_store(error) from error


def _no_store(error: Exception) -> ConfigError:
    return ConfigError(f"{translate(error)}: check REDIS_URL and that the server runs")


async def _check_shards(client: Client, shards: int) -> None:
    """The number of shards is part of every key: it must not change while data exists."""
    await client.hsetnx(meta_key(), "shards", str(shards))  # pyright: ignore[reportGeneralTypeIssues]
    raw: Any = await client.hget(meta_key(), "shards")  # pyright: ignore[reportGeneralTypeIssues]
    if int(raw) != shards:
        raise ConfigError(
            f"this store holds data in {int(raw)} shards, the setting says {shards}: "
            f"set SWITCHBOARD_BUS__SHARDS={int(raw)}"
        )
