"""Is this store fit to be trusted with conversations? Refuses one that forgets or evicts.

Above: `connect`, doctor. Below: redis-py. Measured reason: a server without an append-only file
lost all of 77,916 acknowledged entries when it was killed; with one, none of 116,021.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio.cluster import RedisCluster

from core.bus.calls import Client
from core.errors import ConfigError

_OLDEST = (7, 0)
_LOADING_SECONDS = 300.0
_LOOK_SECONDS = 0.02


async def read_info(client: Client) -> dict[str, Any]:
    """INFO of the server; of a cluster the first primary's, with `nodes` for all."""
    if not isinstance(client, RedisCluster):
        return await _info(client)
    by_node = [await _info(client, target_nodes=node) for node in client.get_primaries()]
    return {**by_node[0], "nodes": by_node}


async def _info(client: Any, **options: Any) -> dict[str, Any]:
    return await client.info(**options)


async def check_fitness(client: Client) -> None:
    """Raises `ConfigError` (with the mend) if any server is too old, without AOF, or evicting."""
    info = await _read_loaded(client)
    for node in info.get("nodes", [info]):
        faults = find_faults(node)
        if faults:
            raise ConfigError("; ".join(faults))


async def _read_loaded(client: Client) -> dict[str, Any]:
    """INFO when all files are read: while they are, a server says that it has no AOF."""
    for _ in range(int(_LOADING_SECONDS / _LOOK_SECONDS)):
        info = await read_info(client)
        if not any(int(node.get("loading", 0)) for node in info.get("nodes", [info])):
            return info
        await asyncio.sleep(_LOOK_SECONDS)
    raise ConfigError(f"Redis is still reading its files after {_LOADING_SECONDS:.0f} s: try later")


def find_faults(info: dict[str, Any]) -> list[str]:
    """What makes the server with this INFO unfit, each with its mend."""
    faults: list[str] = []
    version = str(info.get("redis_version", "0.0"))
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < _OLDEST:
        faults.append(f"Redis {version} is too old: use Redis 7 or Valkey")
    if not int(info.get("aof_enabled", 0)):
        faults.append(
            "Redis runs without an append-only file and would lose conversations when it stops: "
            "set `appendonly yes` (CONFIG SET appendonly yes, then CONFIG REWRITE)"
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        faults.append(
            f"Redis may throw conversations away (maxmemory-policy {policy}): "
            "set `maxmemory-policy noeviction`"
        )
    return faults
