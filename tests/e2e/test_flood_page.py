"""In a flood the widget does its work by itself, and the visitor's first message goes through."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from channels.floods.gate import FloodGate
from channels.floods.settings import FloodSettings
from core.bus.connect import open_bus
from core.bus.limits import StoredLimits
from core.bus.settings import BusSettings
from tests.e2e.conftest import Visit
from tests.fakes.gateway import list_deps, open_doors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SETTINGS = FloodSettings(per_address=1, bits=12, most_bits=14, local=True)


async def test_a_newcomer_in_a_flood_proves_aside_and_is_heard(visit: Visit) -> None:
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        async with open_bus(BusSettings(data_dir=Path(folder))) as bus:
            limits = StoredLimits(bus.calls, shards=bus.settings.shards)
            gate = FloodGate(SETTINGS, secret="s", limits=limits)
            async with open_doors(bus, deps=replace(list_deps(bus), floods=gate)) as doors:
                calm = await visit(doors.url)
                loaded: list[str] = []
                calm.page.on("request", lambda request: loaded.append(request.url))
                await calm.open()
                await calm.say("I come first.")
                await expect(calm.settled).to_have_text(["I come first."])
                assert not any("proof" in url for url in loaded), "nobody is asked before a flood"

                late = await visit(doors.url)
                workers: list[str] = []
                late.page.on("worker", lambda worker: workers.append(worker.url))
                await late.open()
                await late.say("I come in the flood.")
                await expect(late.settled).to_have_text(["I come in the flood."])
                assert len(workers) == 1 and workers[0].startswith("blob:")
