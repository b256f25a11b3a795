"""The embedded server, or the whole gateway, is killed under load: what was acknowledged is there.

`switchboard up` with a quick model; customers ask without pause and ask again under the same id
when the line breaks. Every question they got a sequence for stands in the log once, in its place,
and has one answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.crew import ANSWER_SECONDS, SETTINGS, Counter, Customer, rounds
from tests.fakes.history import History, find_faults
from tests.fakes.llm_server import llm_server
from tests.fakes.waiting import until
from tests.flows.conftest import Start
from tests.flows.gateway_process import GatewayProcess, store_processes

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
CUSTOMERS = 12


class House:
    """The gateway that runs now; another one after it was killed."""

    def __init__(self, start: Start, data: Path, environ: dict[str, str]) -> None:
        self._start = start
        self._data = data
        self._environ = environ
        self.gateway: GatewayProcess | None = None
        self.url = "http://127.0.0.1:9"

    async def open(self) -> None:
        """Start it, and tell everybody where it is."""
        self.gateway = await self._start(self._data, **self._environ).ready(120)
        self.url = self.gateway.note["url"]


@asynccontextmanager
async def under_load(
    data: Path, start: Start, history: History, session: aiohttp.ClientSession
) -> AsyncGenerator[tuple[House, list[Customer]]]:
    """A gateway and customers; at the end every conversation is judged."""
    async with llm_server(pause_seconds=0.005) as model:
        house = House(start, data, {**SETTINGS, "OPENAI_BASE_URL": model.url})
        await house.open()
        references, stop = Counter(), asyncio.Event()
        customers = [
            Customer(f"c{number}", lambda: house.url, session, history, references)
            for number in range(CUSTOMERS)
        ]
        tasks = [asyncio.create_task(customer.ask_until(stop)) for customer in customers]
        try:
            yield house, customers
            stop.set()
            await asyncio.gather(*tasks)
            for customer in customers:
                faults = find_faults(customer.asked, await customer.entries())
                assert not faults, history.explain("\n".join(faults))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def more_answers(history: History, count: int) -> None:
    """Until so many more questions are answered."""
    want, end = len(history.lines("answered")) + count, time.monotonic() + ANSWER_SECONDS
    while len(history.lines("answered")) < want:
        assert time.monotonic() < end, history.explain("no answers any more")
        await asyncio.sleep(0.05)


async def gone(data: Path, seconds: float) -> bool:
    """True once no embedded server works in the folder."""
    end = time.monotonic() + seconds
    while store_processes(data) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return not store_processes(data)


async def server_of(gateway: GatewayProcess, data: Path) -> int:
    """The embedded server: the gateway's own child, not one that this forks to write a file anew.
    After a death it may be on its way still, though answers that were on theirs have come."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [pid for pid in store_processes(data) if parent_of(pid) == gateway.pid]
        return len(found) == 1

    await until(is_there, seconds=ANSWER_SECONDS)
    return found[0]


def parent_of(pid: int) -> int:
    """0 if it has ended meanwhile."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


async def test_the_embedded_server_is_killed_and_nothing_acknowledged_is_lost(
    data: Path, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    async with under_load(data, start, history, session) as (house, _):
        await more_answers(history, CUSTOMERS)
        for _ in range(rounds(quick=4)):
            await asyncio.sleep(history.dice.uniform(0.05, 0.6))
            assert house.gateway is not None
            pid = await server_of(house.gateway, data)
            history.note("kill", pid=pid)
            os.kill(pid, signal.SIGKILL)
            await more_answers(history, CUSTOMERS)
        assert house.gateway is not None
        assert "Traceback" not in house.gateway.text()


async def test_the_gateway_is_killed_its_server_ends_and_nothing_acknowledged_is_lost(
    data: Path, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    async with under_load(data, start, history, session) as (house, _):
        await more_answers(history, CUSTOMERS)
        for _ in range(min(rounds(quick=2), 10)):
            await asyncio.sleep(history.dice.uniform(0.05, 0.6))
            assert house.gateway is not None
            history.note("kill", pid=house.gateway.pid)
            house.gateway.kill()
            assert await gone(data, 30), history.explain("the server outlived its parent")
            await house.open()
            await more_answers(history, CUSTOMERS)
