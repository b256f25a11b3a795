"""The sentences that every channel must make true, on every way in that it has.

Above: `test_channels`, one small class for each way in. Below: `requirements` (the ids), the parts
of the suite, `channel_scene`. A clause that a rig names in `exempt` is skipped with its reason.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import pytest
import redis

from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from tests.contract.channel_in import InContract
from tests.contract.channel_life import LifeContract
from tests.contract.channel_out import OutContract
from tests.contract.channel_rig import ChannelRig
from tests.contract.channel_scene import Scene
from tests.contract.exempting import skip_exempt
from tests.fakes.servers import ValkeyServer


class ChannelContract(LifeContract, InContract, OutContract):
    """Inherit, and say how the rig is opened."""

    open_rig: ClassVar[staticmethod[[], AbstractAsyncContextManager[ChannelRig]]]
    """A platform that runs until the end of the block, and its rig; each subclass has its own."""

    @pytest.fixture
    async def rig(self, request: pytest.FixtureRequest) -> AsyncGenerator[ChannelRig]:
        async with self.open_rig() as rig:
            skip_exempt(request, rig.exempt)
            yield rig

    @pytest.fixture
    async def scene(self, rig: ChannelRig, shared_valkey: ValkeyServer) -> AsyncGenerator[Scene]:
        with redis.Redis(unix_socket_path=str(shared_valkey.socket)) as client:
            client.flushall()
        settings = BusSettings.model_validate(
            {"url": shared_valkey.url, "shards": 4, "lease_seconds": 1.5, "timeout_seconds": 2}
        )
        async with open_bus(settings) as bus:
            yield Scene(bus, rig)
