"""Tasks end when they are told to, also when a library loses the first word."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from core import runtime
from core.runtime import TaskPool, end_tasks, run_services, running, spawn


@pytest.fixture(autouse=True)
def ask_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_ASK_AGAIN_SECONDS", 0.02)


async def deaf(times: int, started: asyncio.Event) -> None:
    """Loses `times` cancellations, as a library may, then heeds the next."""
    started.set()
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def start_deaf(times: int) -> asyncio.Task[None]:
    started = asyncio.Event()
    task = spawn(deaf(times, started), name="deaf")
    await started.wait()
    return task


async def test_a_task_that_lost_the_first_cancellation_is_asked_again() -> None:
    task = await start_deaf(2)
    await end_tasks(task)
    assert task.cancelled()


async def test_a_task_that_never_ends_is_reported_and_does_not_hold_the_stop_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    task = await start_deaf(7)
    await end_tasks(task)
    assert not task.done()
    assert "task_would_not_end" in capsys.readouterr().out
    await end_tasks(task)
    assert task.cancelled()


async def test_ending_tasks_keeps_what_they_raised_to_themselves() -> None:
    async def fail() -> None:
        raise RuntimeError("boom")

    task = spawn(fail(), name="fail")
    await asyncio.sleep(0)
    await end_tasks(task)
    assert isinstance(task.exception(), RuntimeError)


async def test_work_beside_a_body_ends_with_the_body() -> None:
    started = asyncio.Event()
    async with running(deaf(1, started), name="beside") as task:
        await started.wait()
    assert task.cancelled()


async def test_a_pool_is_empty_after_it_was_drained() -> None:
    pool, started = TaskPool("pool", limit=2), asyncio.Event()
    await pool.start(deaf(1, started))
    await started.wait()
    assert pool.free == 1
    await pool.drain(grace_seconds=0.01)
    await pool.wait_room()
    assert pool.free == 2


class Worker:
    """A service that finishes when asked, or only when cancelled."""

    def __init__(self, *, stubborn: bool = False, error: Exception | None = None) -> None:
        self.name = "worker"
        self.stubborn, self.error = stubborn, error

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        ready.set()
        if self.error is not None:
            raise self.error
        await (asyncio.Event() if self.stubborn else stop).wait()


async def test_services_are_announced_when_all_are_ready_and_stop_cleanly_when_asked() -> None:
    stop = asyncio.Event()

    async def announce() -> None:
        stop.set()

    services = [Worker(), Worker()]
    assert await run_services(services, grace_seconds=5, on_ready=announce, stop=stop)


async def test_a_service_that_does_not_stop_in_time_is_cancelled_and_that_is_not_clean() -> None:
    stop = asyncio.Event()
    stop.set()
    services = [Worker(), Worker(stubborn=True)]
    assert not await run_services(services, grace_seconds=0.02, stop=stop)


async def test_a_service_that_fails_stops_the_others_and_its_error_is_raised() -> None:
    with pytest.raises(RuntimeError, match="boom"):
        await run_services([Worker(), Worker(error=RuntimeError("boom"))], grace_seconds=1)


async def send(*pauses: float) -> None:
    """Send ourselves SIGTERM after each pause."""
    for pause in pauses:
        await asyncio.sleep(pause)
        os.kill(os.getpid(), signal.SIGTERM)


async def test_two_signals_at_once_are_one_wish_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_ONE_WISH_SECONDS", 30.0)

    class Slow(Worker):
        async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
            await super().run(stop, ready)
            await asyncio.sleep(0.1)

    services = [Slow()]
    assert await run_services(services, grace_seconds=5, on_ready=lambda: send(0, 0))


async def test_a_second_signal_later_means_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_ONE_WISH_SECONDS", 0.01)
    services = [Worker(stubborn=True)]
    assert not await run_services(services, grace_seconds=30, on_ready=lambda: send(0, 0.05))
