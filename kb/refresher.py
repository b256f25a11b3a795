"""Keeps the index and the snapshot of this process in step with the truth.

Above: `kb.open`, the composition root runs `KnowledgeRefresher` as a service. Below: `kb.truth`,
`kb.index`, `kb.snapshot`.

Every process does this for itself, also when the index is a shared server: the points of a
passage have the same id whoever writes them, so doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
from itertools import islice

import numpy as np
import structlog

from core.errors import KnowledgeError
from core.ports import Embedder
from core.runtime import Backoff, sleep_until
from kb.calibration import DEFAULT, RECIPE, Calibration
from kb.documents import Vector, embedded_text
from kb.frame import Frame
from kb.index import PassageIndex, Point
from kb.snapshot import Item, Snapshot, advance, empty_snapshot
from kb.truth import Changes, Truth

_log = structlog.get_logger("knowledge")
_CHECK_SHARED = 30  # polls between two looks whether a shared index has lost something
_BATCH = 32


class Synchroniser:
    """Brings index and snapshot to the newest version of the truth."""

    def __init__(self, truth: Truth, index: PassageIndex, embedder: Embedder) -> None:
        self._truth = truth
        self._index = index
        self._embedder = embedder
        self._lock = asyncio.Lock()
        self._built = asyncio.Event()
        self._tried = asyncio.Event()
        self._calibrated_at: int = -1
        self.snapshot = empty_snapshot(embedder.size)
        self.calibration = DEFAULT

    async def wait_built(self) -> None:
        """Return when the index has been filled for the first time. Raises `KnowledgeError` at
        once when that was tried in vain: it is tried again, but a customer should not wait."""
        await self._tried.wait()
        if not self._built.is_set():
            raise KnowledgeError("the knowledge has not been read yet")

    async def refresh(self) -> bool:
        """Take over what changed; True if anything did. Raises `KnowledgeError`."""
        async with self._lock:
            if self._built.is_set() and await self._truth.version() == self.snapshot.version:
                return False
            try:
                if self._index.shared and not self._built.is_set():
                    await self._index.open()
                await self._advance()
                self._built.set()
            finally:
                self._tried.set()
        return True

    async def mend(self) -> None:
        """Put back what a shared index has lost, take out what it should not have; an index in
        memory loses nothing."""
        if not self._index.shared:
            return
        async with self._lock:
            await self._index.open()
            await self._mend(self.snapshot)

    async def _advance(self) -> None:
        model = self._embedder.name
        changes = await self._truth.changes(self.snapshot.version, model=model)
        vectors = await self._vectors(changes)
        frame = await self._read_calibration()
        old = self.snapshot
        fresh = await asyncio.to_thread(advance, old, changes, vectors, frame)
        if not self._index.shared:
            pass  # what is searched is the snapshot (`kb.nearest`)
        elif not self._built.is_set():
            await self._mend(fresh)
        else:
            changed = {document.id for document in changes.documents}
            points = [_point(item) for item in fresh.items if item.document.id in changed]
            await self._index.replace(old.outdated(changes), points)
        self.snapshot = fresh
        _log.debug("knowledge_refreshed", version=fresh.version, passages=len(fresh.items))

    async def _read_calibration(self) -> Frame:
        """Take over the stored calibration if it is another; returns the frame to use."""
        stored = await self._truth.calibration(self._embedder.name)
        if stored is None or stored.version == self._calibrated_at:
            return self.snapshot.frame
        self._calibrated_at = stored.version
        if stored.data.get("recipe") != RECIPE:
            _log.info("calibration_of_another_version")
            return self.snapshot.frame
        self.calibration = Calibration.model_validate(stored.data["calibration"])
        return Frame.from_dict(stored.data["frame"])

    async def _mend(self, snapshot: Snapshot) -> None:
        there = await self._index.stamps()
        missing = [
            _point(item)
            for item in snapshot.items
            if there.get(item.passage.id, -1) < item.document.stamp
        ]
        extra = [name for name in there if name not in snapshot.rows]
        if missing or extra:
            await self._index.replace(extra, missing)
            _log.info("knowledge_index_mended", put=len(missing), taken=len(extra))

    async def _vectors(self, changes: Changes) -> dict[str, Vector]:
        """Vectors of all changed passages. Those that were embedded with another model only are
        made now, and stored as they are made."""
        titles = {document.id: document.title for document in changes.documents}
        vectors = dict(changes.vectors)
        rest = iter([piece for piece in changes.passages if piece.id not in vectors])
        while batch := list(islice(rest, _BATCH)):
            texts = [embedded_text(titles[piece.document], piece) for piece in batch]
            found = await self._embedder.embed(texts)
            made = {
                piece.id: np.asarray(vector, dtype=np.float32)
                for piece, vector in zip(batch, found, strict=True)
            }
            await self._truth.add_vectors(made, model=self._embedder.name)
            vectors |= made
        return vectors


def _point(item: Item) -> Point:
    document = item.document
    return Point(item.passage.id, document.stamp, item.vector, document.category, document.language)


class KnowledgeRefresher:
    """A service that looks for changes about once a second."""

    name = "knowledge"

    def __init__(
        self,
        synchroniser: Synchroniser,
        *,
        poll_seconds: float,
        shared: bool,
    ) -> None:
        self._synchroniser = synchroniser
        self._poll_seconds = poll_seconds
        self._shared = shared
        self._backoff = Backoff(first=poll_seconds, top=30.0)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Refresh until `stop`; failures are logged and tried again with growing pauses."""
        ready.set()  # searches wait for the first build themselves
        polls = failures = 0
        while not stop.is_set():
            try:
                await self._synchroniser.refresh()
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
