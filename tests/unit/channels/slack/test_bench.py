"""How soon Slack hears that we have it: 200 events a second, real store, real wire."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest

from channels.arrivals import Arrivals
from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from core.conversation import Turnpike
from tests.fakes.slack.server import SlackServer
from tests.fakes.stolen import Stolen, skip_unmeasured
from tests.fakes.waiting import until
from tests.unit.channels.slack.conftest import Open

pytestmark = [pytest.mark.bench, pytest.mark.timeout(180)]
RATE, SECONDS, ROUNDS = 200, 10, 3


@pytest.fixture
async def arrivals() -> AsyncGenerator[Arrivals]:
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        async with open_bus(BusSettings(data_dir=Path(folder))) as bus:
            yield Arrivals(bus.log, channel="slack", turnpike=Turnpike())


@pytest.mark.parametrize("door", ["socket", "http"])
async def test_the_acknowledgement_comes_in_time(
    open_rig: Open, slack: SlackServer, arrivals: Arrivals, door: Literal["socket", "http"]
) -> None:
    """Measured again, twice at most, where others wanted the processor too. Where the host took it
    away in every window, nothing was measured."""
    rig = open_rig()
    rig.store.publish = arrivals.publish
    slack.doors = (door,)
    p99, in_time, least = 0.0, False, 1.0
    async with rig.serving(), rig.receiving():
        await until(lambda: len(slack.sockets.open) == 2)
        for _ in range(ROUNDS):
            slack.told.clear()
            stolen = Stolen()
            p99 = await measure(slack, door)
            in_time = p99 <= 0.25 and all(told.tries == 1 for told in slack.told)
            if in_time:
                break
            least = min(least, stolen.share())
    if not in_time:
        skip_unmeasured(least)
    assert in_time, p99


async def measure(slack: SlackServer, door: str) -> float:
    """Events at the rate, all of them acknowledged; the seconds of all but one in a hundred."""
    began = asyncio.get_running_loop().time()
    for number in range(RATE * SECONDS):
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        slack.say(slack.direct(f"U0PERSON{number % 500:03d}"), f"message {number}")
    took = asyncio.get_running_loop().time() - began
    await until(lambda: not slack.unanswered(), seconds=30)
    times = sorted(told.seconds for told in slack.told)
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(  # noqa: T201 -- a measurement is printed
        f"{door}: {len(times) / took:.0f} events/s, p50 {p50 * 1000:.1f} ms, "
        f"p99 {p99 * 1000:.1f} ms, worst {times[-1] * 1000:.1f} ms, load {os.getloadavg()[0]:.1f}",
        file=sys.stderr,
    )
    return p99
