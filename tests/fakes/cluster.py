"""A Redis Cluster of three real servers on loopback.

Above: the contract suite with the marker `cluster`. Below: `servers`, redis-py.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.fakes.servers import ValkeyServer, free_port

_SLOTS = 16_384
_AGREE_SECONDS = 20.0


class ClusterOfThree:
    """Three primaries that share the slots; no replicas: nothing is kept twice."""

    def __init__(self, nodes: list[ValkeyServer]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        """A node; clients find the others by themselves."""
        return self.nodes[0].url

    def flush(self) -> None:
        """Forget all data."""
        for node in self.nodes:
            with redis.Redis(port=node.port) as client:
                client.flushall()

    def kill(self) -> None:
        """All nodes, with -9."""
        for node in self.nodes:
            node.kill()

    def kill_when_written(self) -> None:
        """See `ValkeyServer`."""
        for node in self.nodes:
            node.kill_when_written()

    def start(self) -> None:
        """All nodes again; they know each other still."""
        for node in self.nodes:
            node.start()
        self.await_agreement()

    def join(self) -> None:
        """Give every node its slots, let them meet, wait until all three agree."""
        share = _SLOTS // len(self.nodes) + 1
        with ExitStack() as stack:
            clients = [stack.enter_context(redis.Redis(port=node.port)) for node in self.nodes]
            for number, client in enumerate(clients):
                last = min((number + 1) * share, _SLOTS) - 1
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, last)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
        self.await_agreement()

    def await_agreement(self) -> None:
        """Until every node knows all, and that all slots are served."""
        with ExitStack() as stack:
            clients = [stack.enter_context(redis.Redis(port=node.port)) for node in self.nodes]
            end = time.monotonic() + _AGREE_SECONDS
            while not all(_is_joined(client, len(self.nodes)) for client in clients):
                if time.monotonic() > end:
                    raise RuntimeError("the cluster did not agree")
                time.sleep(0.02)


def _is_joined(client: redis.Redis, nodes: int) -> bool:
    raw: Any = client.execute_command("CLUSTER", "INFO")
    words = raw.split()
    return b"cluster_state:ok" in words and b"cluster_known_nodes:%d" % nodes in words


@contextmanager
def running_cluster() -> Generator[ClusterOfThree]:
    """Three servers that have joined; ended with the block."""
    with ExitStack() as stack:
        nodes: list[ValkeyServer] = []
        for _ in range(3):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sb"))
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
            node = ValkeyServer(Path(folder), *options, port=_cluster_port())
            node.start()
            stack.callback(node.kill)
            nodes.append(node)
        cluster = ClusterOfThree(nodes)
        cluster.join()
        yield cluster


def _cluster_port() -> int:
    """The nodes talk to each other on the port 10,000 above: that must exist."""
    while (port := free_port()) > 55_000:
        pass
    return port


@pytest.fixture(scope="session")
def shared_cluster() -> Generator[ClusterOfThree]:
    """One cluster for all tests of this process."""
    with running_cluster() as cluster:
        yield cluster
