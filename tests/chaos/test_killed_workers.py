"""A worker is killed, or falls asleep past its lease, in the middle of a model call.

One web process and two workers on one store; customers ask without pause. Every question is
answered exactly once, in order, soon; a worker that comes back from the dead writes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import pytest

from tests.chaos.crew import ANSWER_SECONDS, SETTINGS, Counter, Customer, owner_of, rounds
from tests.fakes.history import History, find_faults
from tests.fakes.llm_server import Call, LlmServer, llm_server
from tests.fakes.servers import ValkeyServer
from tests.flows.conftest import Start
from tests.flows.gateway_process import GatewayProcess

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
CUSTOMERS = 5
RESUME_SECONDS = 15.0
QUIET_SECONDS = 2.0  # of an answer that nobody interrupts: nearly all of it the model's own pace
QUICK_LEASE = 2.0


@dataclass
class Scene:
    """A gateway at work."""

    web: GatewayProcess
    workers: list[GatewayProcess]
    model: LlmServer
    customers: list[Customer]
    history: History
    new_worker: Start

    async def pick_victim(self) -> tuple[GatewayProcess, list[Call]]:
        """A worker in the middle of model calls, and those calls."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            calls = self.model.open_calls()
            self.history.dice.shuffle(calls)
            for call in calls:
                victim = owner_of(call.port, self.workers)
                if victim is not None:
                    mine = [c for c in calls if owner_of(c.port, [victim]) is victim]
                    return victim, mine
            await asyncio.sleep(0.02)
        raise AssertionError(self.history.explain("no worker ever asked the model"))

    async def answered(self, reference: str) -> float:
        """When this question was answered; fails if it is not at all."""
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            for line in self.history.lines("answered"):
                if line["reference"] == reference:
                    return line["at"]
            await asyncio.sleep(0.05)
        raise AssertionError(self.history.explain(f"{reference} was never answered"))

    def slowness(self, since: float) -> float:
        """By how many seconds the answers that nobody interrupted came later than on a quiet
        machine, in the middle; of those that were asked since then."""
        asked = {line["reference"]: line["at"] for line in self.history.lines("asks")}
        took = [
            line["at"] - asked[line["reference"]]
            for line in self.history.lines("answered")
            if asked[line["reference"]] > since
        ]
        return max(0.0, median(took) - QUIET_SECONDS) if took else 0.0

    async def judge(self) -> None:
        """Every conversation, from its log."""
        for customer in self.customers:
            faults = find_faults(customer.asked, await customer.entries())
            assert not faults, self.history.explain("\n".join(faults))


@asynccontextmanager
async def at_work(
    data: Path, store: ValkeyServer, start: Start, history: History,
    session: aiohttp.ClientSession, **environ: str,
) -> AsyncGenerator[Scene]:  # fmt: skip
    """Web, two workers, a slow model, and customers who ask; at the end all is answered."""
    async with llm_server(pause_seconds=0.12) as model:
        everywhere = {**SETTINGS, "REDIS_URL": store.url, "OPENAI_BASE_URL": model.url, **environ}

        def new_worker() -> GatewayProcess:
            return start(data, roles=("worker",), **everywhere)

        web = start(data, roles=("web",), **everywhere)
        workers = [new_worker(), new_worker()]
        for process in (web, *workers):
            await process.ready(120)
        references, stop = Counter(), asyncio.Event()
        customers = [
            Customer(f"c{number}", lambda: web.note["url"], session, history, references)
            for number in range(CUSTOMERS)
        ]
        tasks = [asyncio.create_task(customer.ask_until(stop)) for customer in customers]
        scene = Scene(web, workers, model, customers, history, new_worker)
        try:
            yield scene
            stop.set()
            await asyncio.gather(*tasks)
            await scene.judge()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def kill_and_replace(scene: Scene) -> float:
    """One round; gives the longest time to an answer whose making was interrupted, without what
    every answer takes longer on this machine."""
    victim, calls = await scene.pick_victim()
    killed = scene.history.note("kill", pid=victim.pid, calls=[call.reference for call in calls])
    victim.kill()
    scene.workers.remove(victim)
    substitute = scene.new_worker()
    latest = 0.0
    for call in calls:
        at = await scene.answered(call.reference)
        latest = max(latest, at - killed)
    await substitute.ready(120)
    scene.workers.append(substitute)
    slow = scene.slowness(killed)
    scene.history.note("round", seconds=round(latest, 2), slow=round(slow, 2))
    return latest - slow


async def test_killed_in_a_model_call_every_message_is_answered_once_within_fifteen_seconds(
    data: Path, store: ValkeyServer, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    async with at_work(data, store, start, history, session) as scene:
        for _ in range(rounds(quick=2)):
            seconds = await kill_and_replace(scene)
            assert seconds <= RESUME_SECONDS, history.explain(f"resumed after {seconds:.1f} s")


async def test_killed_often_with_short_leases_every_message_is_answered_once(
    data: Path, store: ValkeyServer, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    lease = {"SWITCHBOARD_BUS__LEASE_SECONDS": str(QUICK_LEASE)}
    async with at_work(data, store, start, history, session, **lease) as scene:
        for _ in range(rounds(quick=3)):
            await kill_and_replace(scene)


async def test_a_worker_that_slept_past_its_lease_writes_nothing_when_it_wakes(
    data: Path, store: ValkeyServer, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    lease = {"SWITCHBOARD_BUS__LEASE_SECONDS": str(QUICK_LEASE)}
    async with at_work(data, store, start, history, session, **lease) as scene:
        for _ in range(min(rounds(quick=2), 10)):
            victim, calls = await scene.pick_victim()
            history.note("sleep", pid=victim.pid, calls=[call.reference for call in calls])
            victim.pause()
            for call in calls:
                await scene.answered(call.reference)
            history.note("wake", pid=victim.pid)
            victim.resume()
            await asyncio.sleep(1)  # it has time to do harm
