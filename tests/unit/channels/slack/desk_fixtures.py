"""Fixtures of the desk's way in: import them into a module of tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import redis

from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from tests.fakes.servers import ValkeyServer, shared_valkey
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.desk_rig import DeskRig

__all__ = ["desk", "desk_bus", "shared_valkey"]


@pytest.fixture
async def desk_bus(shared_valkey: ValkeyServer) -> AsyncGenerator[Bus]:
    """An empty store, whose conversations the desk follows."""
    with redis.Redis(unix_socket_path=str(shared_valkey.socket)) as client:
        client.flushall()
    settings = BusSettings.model_validate({"url": shared_valkey.url, "shards": 4})
    async with open_bus(settings) as opened:
        opened.log.follow_with(["case", "desk"])
        yield opened


@pytest.fixture
def desk(slack: SlackServer, desk_bus: Bus, tmp_path: Path) -> DeskRig:
    """A desk with Ann and Ben; open it."""
    return DeskRig(slack, desk_bus, tmp_path / "files")
