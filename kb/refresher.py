"""Keeps the index and the catalogue of this process in step with the truth.

Above: `kb.open`, the composition root runs `KnowledgeRefresher` as a service. Below: `kb.truth`,
`kb.index`, `kb.catalogue`.

Every process does this for itself, also when the index is a shared server: the points of a
passage have the same id whoever writes them, so doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice

import numpy as np
import structlog

from core.errors import KnowledgeError
from core.ports import Embedder
from core.runtime import Backoff, sleep_until
from kb.catalogue import Catalogue
from kb.documents import StoredDocument, StoredPassage, Vector, embedded_text
from kb.index import PassageIndex, Point
from kb.truth import Changes, Truth

_log = structlog.get_logger("knowledge")
_CHECK_SHARED = 30  # polls between two looks whether a shared index has lost something
_BATCH = 32


class Synchroniser:
    """Brings index and catalogue to the newest version of the truth."""

    def __init__(
        self, truth: Truth, index: PassageIndex, catalogue: Catalogue, embedder: Embedder
    ) -> None:
        self._truth = truth
        self._index = index
        self._catalogue = catalogue
        self._embedder = embedder
        self._lock = asyncio.Lock()
        self._built = asyncio.Event()

    async def wait_built(self) -> None:
        """Return when the index has been filled for the first time."""
        await self._built.wait()

    async def refresh(self) -> bool:
        """Take over what changed; True if anything did. Raises `KnowledgeError`."""
        async with self._lock:
            if self._built.is_set() and await self._truth.version() == self._catalogue.version:
                return False
            if not self._built.is_set():
                await self._index.open()
            changes = await self._truth.changes(self._catalogue.version, model=self._embedder.name)
            await self._apply(changes)
            if not self._built.is_set() and self._index.shared:
                await self._mend(changes)
            self._built.set()
        return True

    async def mend(self) -> None:
        """Put back what a shared index has lost, take out what it should not have."""
        async with self._lock:
            await self._index.open()
            await self._mend(await self._truth.changes(-1, model=self._embedder.name))

    async def _apply(self, changes: Changes) -> None:
        points = await self._points(changes)
        fresh = not self._built.is_set()
        if not (fresh and self._index.shared):  # a shared index is compared first, by `_mend`
            await self._index.replace(self._catalogue.outdated(changes), points)
        self._catalogue.apply(changes)
        _log.debug("knowledge_refreshed", version=changes.version, passages=len(points))

    async def _mend(self, changes: Changes) -> None:
        there = await self._index.stamps()
        points = await self._points(changes)
        wanted = {point.passage for point in points}
        missing = [point for point in points if there.get(point.passage, -1) < point.stamp]
        extra = [name for name in there if name not in wanted]
        if missing or extra:
            await self._index.replace(extra, missing)
            _log.info("knowledge_index_mended", put=len(missing), taken=len(extra))

    async def _points(self, changes: Changes) -> list[Point]:
        documents = {document.id: document for document in changes.documents}
        vectors = {**changes.vectors, **await self._embed_missing(changes, documents)}
        return [
            Point(
                piece.id, documents[piece.document].stamp, vectors[piece.id],
                documents[piece.document].category, documents[piece.document].language,
            )
            for piece in changes.passages
            if piece.id in vectors
        ]  # fmt: skip

    async def _embed_missing(
        self, changes: Changes, documents: dict[str, StoredDocument]
    ) -> dict[str, Vector]:
        """Vectors of passages that were embedded with another model; stored as they are made."""
        missing = [piece for piece in changes.passages if piece.id not in changes.vectors]
        made: dict[str, Vector] = {}
        rest = iter(missing)
        while batch := list(islice(rest, _BATCH)):
            made |= await self._embed(batch, documents)
            await self._truth.add_vectors(
                {piece.id: made[piece.id] for piece in batch}, model=self._embedder.name
            )
        return made

    async def _embed(
        self, pieces: list[StoredPassage], documents: dict[str, StoredDocument]
    ) -> dict[str, Vector]:
        texts = [embedded_text(documents[piece.document].title, piece) for piece in pieces]
        vectors = await self._embedder.embed(texts)
        pairs = zip(pieces, vectors, strict=True)
        return {piece.id: np.asarray(vector, dtype=np.float32) for piece, vector in pairs}


class KnowledgeRefresher:
    """A service that looks for changes about once a second."""

    name = "knowledge"

    def __init__(
        self,
        synchroniser: Synchroniser,
        *,
        poll_seconds: float,
        shared: bool,
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        self._synchroniser = synchroniser
        self._poll_seconds = poll_seconds
        self._shared = shared
        self._on_change = on_change
        self._backoff = Backoff(first=poll_seconds, top=30.0)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Refresh until `stop`; failures are logged and tried again with growing pauses."""
        ready.set()  # searches wait for the first build themselves
        polls = failures = 0
        while not stop.is_set():
            try:
                if await self._synchroniser.refresh():
                    await self._on_change()
                polls += 1
                if self._shared and polls % _CHECK_SHARED == 0:
                    await self._synchroniser.mend()
                failures = 0
            except KnowledgeError as error:
                cause = repr(error.__cause__)
                _log.warning("knowledge_refresh_failed", error=str(error), cause=cause)
                failures += 1
            pause = self._backoff.pause(failures) if failures else self._poll_seconds
            await sleep_until(stop, pause)
