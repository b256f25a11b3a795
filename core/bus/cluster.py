"""The client of a Redis Cluster, whose own faults are faults of the store.

Above: `connect`, `calls`. Below: redis-py. When one command finds a node gone, redis-py closes the
connections of commands that run beside it; those then fail with whatever Python says of a writer
that is None. Nobody catches that: the reader of a shard ended without a word, and its sockets, or
a whole start, waited for ever. Here it is a lost connection, which all who read and write survive.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ConnectionError as LostConnection

# What a connection that was closed under a command has raised, or may: no writer, no transport.
_CLOSED_MEANWHILE = (AttributeError, RuntimeError, LookupError)


@contextmanager
def as_lost() -> Generator[None]:
    """Inside, a connection that was closed under a command raises `LostConnection`."""
    try:
        yield
    except _CLOSED_MEANWHILE as error:
        raise LostConnection(f"closed under a command: {error}") from error


class ClusterClient(RedisCluster):
    """As redis-py's, with `as_lost` around every command."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """See `RedisCluster.execute_command`."""
        with as_lost():
            untyped: Any = super()
            return await untyped.execute_command(*args, **kwargs)
