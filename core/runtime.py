"""Tasks, signals and waiting: the only module that creates asyncio tasks.

Above: roles of the composition root, adapters, reader loops. Below: asyncio.

Stopping has two phases: `Stop.set` asks services to take no new work and finish what they hold;
when the grace is over (or at a second signal) their tasks are cancelled.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

T = TypeVar("T")
_log = structlog.get_logger("runtime")
# Longer than any clean-up of ours takes, so that asking again does not cut one short.
_ASK_AGAIN_SECONDS = 2.0
_ASK_TIMES = 5
# A supervisor may signal the whole group and `make` pass it on: two signals at once are one wish.
_ONE_WISH_SECONDS = 0.5
_AWAY_SECONDS = 5.0


class Service(Protocol):
    """Something that runs until asked to stop."""

    name: str

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Set `ready` when serving; return soon after `stop` is set, with nothing half-done."""
        ...


def spawn(work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Start a task that the caller owns (keeps, awaits or cancels)."""
    return asyncio.get_running_loop().create_task(work, name=name)


async def end_tasks(*tasks: asyncio.Task[Any], has_cleanup: bool = True) -> None:
    """Cancel tasks and wait until they have ended; what they raise stays in them.

    Asks again when one goes on: `asyncio.wait_for` of Python 3.11 loses a cancellation that comes
    in the moment in which its work is done, and redis-py sends every command through it. Who has
    nothing to clean up is asked again soon, and more often: on a busy machine it may lose several.
    """
    pause, times = _ASK_AGAIN_SECONDS, _ASK_TIMES
    if not has_cleanup:
        pause, times = pause / 10, times * 10
    left = {task for task in tasks if not task.done()}
    for _ in range(times):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=pause)
    for task in left:
        _log.error("task_would_not_end", task=task.get_name())
    for task in tasks:  # look at the error, or the loop complains that nobody did
        if task.done() and not task.cancelled():
            task.exception()


class TaskPool:
    """A bounded set of running tasks whose failures are logged; drained, then cancelled."""

    def __init__(self, name: str, *, limit: int) -> None:
        self._name = name
        self._slots = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._limit = limit

    @property
    def free(self) -> int:
        """How many more could start now."""
        return self._limit - len(self._tasks)

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` when there is room; waits for room."""
        await self._slots.acquire()
        task = spawn(work, name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    async def wait_room(self) -> None:
        """Return when at least one more could start."""
        await self._slots.acquire()
        self._slots.release()

    async def drain(self, grace_seconds: float) -> None:
        """Wait for what runs; cancel what is left after the grace, and wait for that."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        await end_tasks(*self._tasks)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_failed", task=self._name, exc_info=error)


@asynccontextmanager
async def running(
    work: Coroutine[Any, Any, None], *, name: str
) -> AsyncGenerator[asyncio.Task[None]]:
    """Run `work` beside the body; cancelled and awaited at the end of the body."""
    task = spawn(work, name=name)
    try:
        yield task
    finally:
        await end_tasks(task)


@dataclass(frozen=True)
class Backoff:
    """Growing, jittered pauses in seconds."""

    first: float = 0.1
    factor: float = 2.0
    top: float = 5.0

    def pause(self, attempt: int) -> float:
        """The pause after failed attempt number `attempt` (0 is the first)."""
        bare = min(self.top, self.first * self.factor ** min(attempt, 30))
        return bare * random.uniform(0.6, 1.0)  # noqa: S311 -- jitter, not a secret


# A read that brought so many records shows that many come; the next may wait for company.
_BUSY = 4
_LINGER_SECONDS = 0.002


async def linger(count: int) -> None:
    """After a read of `count` records: under load, let the next one bring more of them.

    A read costs about the same for one record as for twenty. Alone, nobody waits.
    """
    if count >= _BUSY:
        await asyncio.sleep(_LINGER_SECONDS)


async def sleep_until(event: asyncio.Event, seconds: float) -> bool:
    """Wait until `event` is set, at most `seconds`; True if it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def keep_looking(
    stop: asyncio.Event, seconds: float, look: Callable[[], Awaitable[object]],
    missed: Callable[[str], object],
) -> None:  # fmt: skip
    """Call `look` every so many seconds until `stop`. What fails, such as a database that is away,
    is told to `missed` and looked at again."""
    while not await sleep_until(stop, seconds):
        try:
            await look()
        except Exception as error:  # noqa: BLE001 -- whatever it was, the next look may succeed
            missed(repr(error))


async def work_off(
    stop: asyncio.Event, pause_seconds: float, step: Callable[[], Awaitable[bool]],
    away: type[Exception], missed: Callable[[str], object],
) -> None:  # fmt: skip
    """Call `step` until `stop`: again at once while it finds something to do, else after a pause;
    a longer one, of which `missed` is told, while what it works on is `away`."""
    while not stop.is_set():
        try:
            pause = 0.0 if await step() else pause_seconds
        except away as error:
            missed(str(error))
            pause = _AWAY_SECONDS
        await sleep_until(stop, pause)


def heed(number: signal.Signals, act: Callable[[], object]) -> bool:
    """Call `act` at this signal. False: this system has no signals in its loop, or this thread is
    not the main one, which alone hears them."""
    try:
        asyncio.get_running_loop().add_signal_handler(number, act)
    except (NotImplementedError, RuntimeError, ValueError):
        return False
    return True


async def run_services(
    services: Sequence[Service],
    *,
    grace_seconds: float,
    on_ready: Callable[[], Awaitable[None]] | None = None,
    stop: asyncio.Event | None = None,
) -> bool:
    """Run all services until a signal, `stop`, or the end of any one of them.

    The first SIGINT/SIGTERM asks them to stop; a second one, or the end of the grace, cancels.
    Returns True if all stopped by themselves in time. Raises the first failure of a service.
    """
    stop = stop or asyncio.Event()
    hurry = asyncio.Event()
    readies = [asyncio.Event() for _ in services]
    with _signals(stop, hurry):
        pairs = zip(services, readies, strict=True)
        tasks = [spawn(s.run(stop, ready), name=s.name) for s, ready in pairs]
        helpers = [
            spawn(_announce(readies, on_ready), name="announce"),
            spawn(_wait_event(stop), name="stop"),
            spawn(_wait_event(hurry), name="hurry"),
        ]
        try:
            await asyncio.wait([*tasks, *helpers[1:2]], return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            clean = await _drain(tasks, helpers[2], grace_seconds)
        finally:
            await end_tasks(*tasks, *helpers)
    _raise_first([*tasks, helpers[0]])
    return clean


async def _announce(
    readies: list[asyncio.Event], on_ready: Callable[[], Awaitable[None]] | None
) -> None:
    for ready in readies:
        await ready.wait()
    if on_ready is not None:
        await on_ready()


async def _wait_event(event: asyncio.Event) -> None:
    await event.wait()


async def _drain(
    tasks: Sequence[asyncio.Task[None]], hurry: asyncio.Task[None], grace_seconds: float
) -> bool:
    """Wait until all tasks ended, a second signal came, or the grace is over."""
    ended = spawn(_wait_all(tasks), name="ended")
    await asyncio.wait([ended, hurry], timeout=grace_seconds, return_when=asyncio.FIRST_COMPLETED)
    clean = ended.done()
    await end_tasks(ended)
    return clean


async def _wait_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


def _raise_first(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error


@contextmanager
def _signals(stop: asyncio.Event, hurry: asyncio.Event) -> Generator[None]:
    """First signal: stop. Second: hurry. Restored at the end; ignored off the main thread."""
    loop = asyncio.get_running_loop()
    asked_at = 0.0

    def on_signal() -> None:
        nonlocal asked_at
        if not stop.is_set():
            asked_at = loop.time()
            stop.set()
        elif loop.time() - asked_at > _ONE_WISH_SECONDS:
            hurry.set()

    caught = [number for number in (signal.SIGINT, signal.SIGTERM) if heed(number, on_signal)]
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
