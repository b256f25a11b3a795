"""The index of passages by meaning on a Qdrant server (without one, memory is searched).

Above: `kb.refresher` writes, `kb.search` asks. Below: qdrant-client, imported when first needed
(the import takes a second) and only ever called in a thread of this class.

The index holds nothing that SQL does not: it may be lost, and is built again. A collection is
named by the model, so vectors of two models never meet.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.errors import KnowledgeError
from kb.documents import Vector
from kb.settings import KnowledgeSettings

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

T = TypeVar("T")
Connect = Callable[[], "QdrantClient"]
_NAMESPACE = uuid.UUID("6f9f5cc1-6d2c-4b53-9f0a-6c0f5f3f0a52")
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Point:
    """A passage as the index knows it."""

    passage: str
    stamp: int
    vector: Vector
    category: str | None = None
    language: str = ""


class PassageIndex:
    """Nearest passages by cosine. Raises `KnowledgeError`."""

    def __init__(
        self,
        settings: KnowledgeSettings,
        *,
        model: str,
        size: int,
        connect: Connect | None = None,
    ) -> None:
        self._settings = settings
        self._connect = connect or self._connect_by_settings
        self._collection = _collection_name(model, size)
        self._size = size
        self._client: QdrantClient | None = None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="index")

    @property
    def shared(self) -> bool:
        """True if other processes use the same index."""
        return self._settings.qdrant_url is not None

    async def open(self) -> None:
        """Connect, and make the collection if it is not there."""
        await self._call(self._open)

    async def nearest(
        self, vectors: Sequence[Vector], *, limit: int, categories: Sequence[str] = ()
    ) -> list[str]:
        """The passages most like any of the vectors: `limit` for each, each passage once."""
        return await self._call(lambda: self._nearest(vectors, limit, categories))

    async def replace(self, remove: Iterable[str], points: Sequence[Point]) -> None:
        """Take passages out and put others in; no search of this process sees half of it."""
        gone = [_point_id(name) for name in remove]
        await self._call(lambda: self._replace(gone, points))

    async def stamps(self) -> dict[str, int]:
        """The passages that are in it, with their stamps."""
        return await self._call(self._stamps)

    async def rebuild(self) -> None:
        """Drop everything."""
        await self._call(self._rebuild)

    async def close(self) -> None:
        """Close the client and let the threads end."""
        if self._client is not None:
            await self._call(self._client.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (OSError, ValueError, RuntimeError) as error:
            raise KnowledgeError("the index cannot be used now") from error
        except Exception as error:
            if type(error).__module__.startswith(("qdrant_client", "httpx", "httpcore", "grpc")):
                raise KnowledgeError("the index cannot be used now") from error
            raise

    def _open(self) -> None:
        if self._client is None:
            self._client = self._connect()
        self._make_collection()

    def _connect_by_settings(self) -> QdrantClient:
        from qdrant_client import QdrantClient

        settings = self._settings
        if settings.qdrant_url is None:
            raise KnowledgeError("no index server is configured: set QDRANT_URL")
        key = settings.qdrant_api_key
        return QdrantClient(
            url=settings.qdrant_url,
            api_key=key.get_secret_value() if key else None,
            timeout=max(1, round(settings.timeout_seconds)),
            check_compatibility=False,
        )

    def _opened(self) -> QdrantClient:
        if self._client is None:
            raise KnowledgeError("the index is not open")
        return self._client

    def _make_collection(self) -> None:
        from qdrant_client import models

        client = self._opened()
        if client.collection_exists(self._collection):
            return
        parameters = models.VectorParams(size=self._size, distance=models.Distance.COSINE)
        try:
            client.create_collection(self._collection, vectors_config=parameters)
        except Exception:
            if not client.collection_exists(self._collection):  # made by another process just now
                raise
        if self.shared:
            for field in ("category", "language"):
                client.create_payload_index(
                    self._collection, field, models.PayloadSchemaType.KEYWORD
                )

    def _nearest(
        self, vectors: Sequence[Vector], limit: int, categories: Sequence[str]
    ) -> list[str]:
        from qdrant_client import models

        chosen = None
        if categories:
            any_of = models.MatchAny(any=list(categories))
            chosen = models.Filter(must=[models.FieldCondition(key="category", match=any_of)])
        requests = [
            models.QueryRequest(
                query=vector.tolist(), filter=chosen, limit=limit, with_payload=["passage"]
            )
            for vector in vectors
        ]
        answers = self._opened().query_batch_points(self._collection, requests)
        points = (point for answer in answers for point in answer.points)
        return list(dict.fromkeys((point.payload or {})["passage"] for point in points))

    def _replace(self, gone: list[str], points: Sequence[Point]) -> None:
        from qdrant_client import models

        client = self._opened()
        kept = {_point_id(point.passage) for point in points}
        gone = [name for name in gone if name not in kept]
        for at in range(0, len(points), _BATCH):
            structs = [
                models.PointStruct(
                    id=_point_id(point.passage),
                    vector=point.vector.tolist(),
                    payload={
                        "passage": point.passage, "stamp": point.stamp,
                        "category": point.category, "language": point.language,
                    },
                )
                for point in points[at : at + _BATCH]
            ]  # fmt: skip
            client.upsert(self._collection, structs, wait=True)
        if gone:
            ids: list[int | str | uuid.UUID] = list(gone)
            client.delete(self._collection, models.PointIdsList(points=ids), wait=True)

    def _stamps(self) -> dict[str, int]:
        found: dict[str, int] = {}
        offset = None
        while True:
            points, offset = self._opened().scroll(
                self._collection, limit=1000, offset=offset, with_payload=["passage", "stamp"]
            )
            for point in points:
                payload = point.payload or {}
                found[payload["passage"]] = payload["stamp"]
            if offset is None:
                return found

    def _rebuild(self) -> None:
        self._opened().delete_collection(self._collection)
        self._make_collection()


def _point_id(passage: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, passage))


def _collection_name(model: str, size: int) -> str:
    safe = "".join(char if char.isalnum() else "-" for char in model)
    return f"knowledge-{safe}-{size}"
