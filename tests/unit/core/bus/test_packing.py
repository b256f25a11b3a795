"""Packing by hiredis gives the bytes that redis-py itself would send."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio.connection import Connection

from core.bus.packing import pack


@pytest.mark.parametrize(
    "words",
    [
        ("PING",),
        ("XINFO GROUPS", "key"),
        ("SET", "key", "value"),
        ("EVALSHA", "a" * 40, 2, "k1", "k2", 1.5, b"\x00\xff", "čeština"),
        ("XADD", "k", "*", "b", "x" * 20_000),
        ("GET", ""),
    ],
)
def test_a_command_is_packed_as_redis_py_packs_it(words: tuple[Any, ...]) -> None:
    assert pack(*words) == b"".join(Connection().pack_command(*words))
