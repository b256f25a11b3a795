"""Puts texts that wait for the model together, and remembers the vectors of exact texts.

Above: `kb.embed.local`, `kb.embed.remote`. Below: `core.runtime`.

A customer's question must not wait behind an import of a thousand passages: calls with few texts
go first, and of the others the model is given only a little at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence

from core.runtime import spawn
from kb.documents import Vector

_FEW = 8  # a call with no more texts than this is a question somebody waits for

Run = Callable[[list[str]], Awaitable[list[Vector]]]


class Batcher:
    """Calls `run` with batches, one at a time; each waiting text is in a batch once."""

    def __init__(
        self, run: Run, *, cache_texts: int, most_texts: int = 16, most_characters: int = 1500
    ) -> None:
        self._run = run
        self._cache: OrderedDict[str, Vector] = OrderedDict()
        self._cache_texts = cache_texts
        self._most_texts = most_texts
        self._most_characters = most_characters
        self._urgent: deque[str] = deque()
        self._bulk: deque[str] = deque()
        self._waiting: dict[str, asyncio.Future[Vector]] = {}
        self._pump: asyncio.Task[None] | None = None

    async def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of clean texts, in their order."""
        lane = self._urgent if len(texts) <= _FEW else self._bulk
        found = {text: self._recall(text) for text in texts}
        missing = [text for text, vector in found.items() if vector is None]
        futures = {text: self._enqueue(text, lane) for text in missing}
        if futures:
            # `wait`, unlike `gather`, leaves the futures alone when this caller is cancelled:
            # others may be waiting for the same text.
            await asyncio.wait(set(futures.values()))
        result: list[Vector] = []
        for text in texts:
            vector = found[text]
            result.append(futures[text].result() if vector is None else vector)
        return result

    async def close(self) -> None:
        """Stop the pump; what waits gets a cancellation."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump], timeout=5)
        for future in self._waiting.values():
            future.cancel()

    def _recall(self, text: str) -> Vector | None:
        vector = self._cache.get(text)
        if vector is not None:
            self._cache.move_to_end(text)
        return vector

    def _remember(self, text: str, vector: Vector) -> None:
        self._cache[text] = vector
        while len(self._cache) > self._cache_texts:
            self._cache.popitem(last=False)

    def _enqueue(self, text: str, lane: deque[str]) -> asyncio.Future[Vector]:
        future = self._waiting.get(text)
        if future is None:
            future = self._waiting[text] = asyncio.get_running_loop().create_future()
            lane.append(text)
        elif lane is self._urgent and text in self._bulk:
            self._bulk.remove(text)
            self._urgent.append(text)
        if self._pump is None or self._pump.done():
            self._pump = spawn(self._work(), name="embed")
        return future

    async def _work(self) -> None:
        while self._urgent or self._bulk:
            batch = self._take()
            try:
                vectors = await self._run(batch)
            except Exception as error:  # noqa: BLE001 -- handed to everyone who waits for it
                self._fail(batch, error)
                continue
            for text, vector in zip(batch, vectors, strict=True):
                self._remember(text, vector)
                future = self._waiting.pop(text)
                if not future.done():
                    future.set_result(vector)

    def _take(self) -> list[str]:
        lane = self._urgent or self._bulk
        batch = [lane.popleft()]
        size = len(batch[0])
        while lane and len(batch) < self._most_texts:
            size += len(lane[0])
            if size > self._most_characters:
                break
            batch.append(lane.popleft())
        return batch

    def _fail(self, batch: list[str], error: Exception) -> None:
        for text in batch:
            future = self._waiting.pop(text)
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen, even if nobody waits any more
