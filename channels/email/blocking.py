"""A thread of one's own for calls that block, so that none of them can hold up the loop.

Above: `watcher`, `outbox`. Below: threading. The thread is a daemon: a server that hangs in the
middle of a connection does not hold up the end of the process either.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
# Deep calls are not made here, and fifty mailboxes are fifty threads.
_STACK_BYTES = 512 * 1024
_starting = threading.Lock()


class OwnThread:
    """Runs calls one after the other; starts with the first, ends with `end`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Wait for `work` in the thread. Who is cancelled here does not stop the call there."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                result = work(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 -- handed to who waits for it
                _hand_over(loop, answer, None, error)
            else:
                _hand_over(loop, answer, result, None)

        self._start()
        self._jobs.put(job)
        return await answer

    def leave(self, work: Callable[[], None]) -> None:
        """Let the thread do this last, and end; nobody waits."""
        if self._thread is not None:
            self._jobs.put(work)
            self._jobs.put(None)
            self._thread = None

    def _start(self) -> None:
        if self._thread is not None:
            return
        with _starting:
            before = threading.stack_size(_STACK_BYTES)
            try:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            finally:
                threading.stack_size(before)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    answer: asyncio.Future[Any],
    result: Any,
    error: BaseException | None,
) -> None:
    def settle() -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    with suppress(RuntimeError):  # the loop has ended: nobody waits any more
        loop.call_soon_threadsafe(settle)
