"""A cluster's client, when it closes connections under its own commands."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ConnectionError as LostConnection

from core.bus.calls import Calls
from core.bus.cluster import ClusterClient
from core.errors import BusUnavailable


async def fail(*_words: Any, **_options: Any) -> Any:
    """What redis-py does in a command whose connection another command closed."""
    raise AttributeError("'NoneType' object has no attribute 'writelines'")


class Pipeline:
    def execute_command(self, *_words: Any) -> None: ...

    execute = staticmethod(fail)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> ClusterClient:
    monkeypatch.setattr(RedisCluster, "execute_command", fail)
    monkeypatch.setattr(ClusterClient, "pipeline", lambda *_, **__: Pipeline())
    return ClusterClient(host="127.0.0.1", port=1)


async def test_a_connection_closed_under_a_command_is_a_lost_one(client: ClusterClient) -> None:
    with pytest.raises(LostConnection, match="writelines"):
        await client.execute_command("GET", "a")


async def test_callers_hear_that_the_store_does_not_answer(client: ClusterClient) -> None:
    calls = Calls(client, deadline_seconds=5)
    answers = await asyncio.gather(
        *(calls.command("GET", "a") for _ in range(40)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {BusUnavailable}
