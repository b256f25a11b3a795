"""A copy of all that a store holds, and putting it back: as when a server comes up with an older
file, because its tail was cut or a replica that was behind takes over.

Above: tests of what outlives that. Below: redis-py, `core.bus.keys`.
"""

from __future__ import annotations

from typing import Any

from core.bus.connect import Bus
from core.bus.keys import meta_key


async def copy_of(bus: Bus) -> dict[bytes, bytes]:
    """The whole store, as a copy of its file would have it."""
    client: Any = bus.client
    return {key: await client.dump(key) async for key in client.scan_iter(count=1000)}


async def put_back(bus: Bus, copy: dict[bytes, bytes]) -> None:
    """The server runs on with the copy, as another run that nobody has judged."""
    client: Any = bus.client
    await client.flushall()
    for key, value in copy.items():
        await client.restore(key, 0, value)
    await client.hset(meta_key(), "run", "the one of before")
