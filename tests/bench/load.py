"""The load: visitors in a closed loop, and sockets that only stay.

Above: `rounds`. Below: `visitor`, `processes`. Runs in the process of the benchmark, on the core
that the servers do not have.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.bench.targets import Running, Target
from tests.bench.visitor import Visitor

MESSAGES_A_CONVERSATION = 20
SETTLE_SECONDS = 3.0
_AT_ONCE = 50


@dataclass(frozen=True)
class Measured:
    """One window: `turns` were answered in `seconds`; `cpu` seconds of all server processes."""

    visitors: int
    turns: int
    seconds: float
    cpu: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Turns a second."""
        return self.turns / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a turn."""
        return self.cpu / max(1, self.turns) * 1000

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the answers needed at most."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


@asynccontextmanager
async def client() -> AsyncGenerator[aiohttp.ClientSession]:
    """Connections without a limit."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def measure_turns(
    target: Target, running: Running, *, visitors: int, seconds: float, warm_up: float
) -> Measured:
    """Each visitor waits for its answer, then says the next; a new conversation after twenty. The
    window begins after the warm-up, once each has had an answer."""
    answered: list[tuple[float, float]] = []
    warm: set[int] = set()
    end = math.inf

    async def live(number: int) -> None:
        conversation = 0
        while time.perf_counter() < end:
            visitor = Visitor(session, running.url, acks=target.acks)
            try:
                await visitor.open()
                conversation += 1
                for turn in range(MESSAGES_A_CONVERSATION):
                    took = await visitor.ask(f"Visitor {number} asks {conversation}.{turn}?")
                    answered.append((time.perf_counter(), took))
                    warm.add(number)
                    if answered[-1][0] >= end:
                        break
            finally:
                await visitor.close()

    async with client() as session:
        tasks = [asyncio.create_task(live(number)) for number in range(visitors)]
        try:
            await _sleep_unless_failed(tasks, warm_up)
            while len(warm) < visitors:
                await _sleep_unless_failed(tasks, 0.05)
            begun, before = time.perf_counter(), running.tree.cpu_seconds()
            end = begun + seconds
            await _sleep_unless_failed(tasks, seconds)
            ended, after = time.perf_counter(), running.tree.cpu_seconds()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    latencies = [took for at, took in answered if begun <= at < ended]
    return Measured(visitors, len(latencies), ended - begun, after - before, latencies)


async def _sleep_unless_failed(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    """A wrong answer ends the measurement at once."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


async def measure_idle(target: Target, running: Running, *, sockets: int) -> float:
    """KiB of the server's memory for a socket that is open and says nothing."""
    async with client() as session:
        # What the first connections bring with them is the server's, not a socket's.
        for _ in range(3):
            first = Visitor(session, running.url, acks=target.acks)
            await first.open()
            await first.ask("Are you there?")
            await first.close()
        await asyncio.sleep(SETTLE_SECONDS / 3)
        before = running.tree.rss_kib()
        visitors = [Visitor(session, running.url, acks=target.acks) for _ in range(sockets)]
        for first in range(0, sockets, _AT_ONCE):
            await asyncio.gather(*(v.open() for v in visitors[first : first + _AT_ONCE]))
        stays = [asyncio.create_task(visitor.stay()) for visitor in visitors]
        await _sleep_unless_failed(stays, SETTLE_SECONDS)
        after = running.tree.rss_kib()
        for stay in stays:
            stay.cancel()
        await asyncio.gather(*stays, return_exceptions=True)
        await asyncio.gather(*(visitor.close() for visitor in visitors))
    return (after - before) / sockets
