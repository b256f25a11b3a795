"""The implementations of `core.ports.Log`, each held to the contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
import redis
from pydantic import SecretStr

from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from tests.contract.log_contract import LogContract
from tests.contract.log_rig import RedisRig
from tests.fakes.cluster import ClusterOfThree, shared_cluster
from tests.fakes.proxy import CuttingProxy
from tests.fakes.servers import ValkeyServer, shared_valkey

__all__ = ["shared_cluster", "shared_valkey"]


def settings_for(url: str, *, cluster: bool = False) -> BusSettings:
    """Short deadlines, so that an absent store is noticed soon."""
    return BusSettings(url=SecretStr(url), cluster=cluster, shards=4, timeout_seconds=0.5)


class TestRedisLogOnOneServer(LogContract):
    """Valkey on a unix socket, as `switchboard up` has it."""

    @pytest.fixture
    async def rig(self, shared_valkey: ValkeyServer) -> AsyncGenerator[RedisRig]:
        server = shared_valkey
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            client.flushall()

        @asynccontextmanager
        async def open_through() -> AsyncGenerator[tuple[Bus, CuttingProxy]]:
            async with (
                CuttingProxy(server.socket, server.folder / "p.sock") as proxy,
                open_bus(settings_for(proxy.url)) as bus,
            ):
                yield bus, proxy

        async with open_bus(settings_for(server.url)) as bus:
            yield RedisRig(bus, server.kill_when_written, server.start, bus.ping, open_through)


class ClusterRig(RedisRig):
    exempt: ClassVar[dict[str, str]] = {
        "store:lost-answer": "nodes of a cluster name their own addresses: no proxy is between"
    }


@pytest.mark.cluster
class TestRedisLogOnACluster(LogContract):
    """Three primaries on loopback."""

    @pytest.fixture
    async def rig(self, shared_cluster: ClusterOfThree) -> AsyncGenerator[ClusterRig]:
        shared_cluster.flush()
        async with open_bus(settings_for(shared_cluster.url, cluster=True)) as bus:
            yield ClusterRig(bus, shared_cluster.kill_when_written, shared_cluster.start, bus.ping)
