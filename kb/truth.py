"""The truth of the knowledge base, in SQL: documents, passages, vectors, calibrations.

Above: `kb.ingest` writes, `kb.catalogue` reads what changed. Below: `kb.schema`,
`core.archive.database`.

Every change raises the knowledge version in its own transaction, before anything else: writers
queue on that row, so stamps become visible in their order and a reader cannot miss one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.errors import KnowledgeError, NotFound
from kb.documents import Draft, StoredDocument, StoredPassage, Vector
from kb.schema import calibrations, documents, passages, state, vectors

_BATCH = 400  # names in one IN (…): SQLite refuses very long lists


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be written: its passages, and a vector of the named model for each."""

    draft: Draft
    passages: Sequence[StoredPassage]
    vectors: Sequence[Vector]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from an older version: `ids` are all documents there are now."""

    version: int
    ids: frozenset[str]
    documents: Sequence[StoredDocument]
    passages: Sequence[StoredPassage]
    vectors: dict[str, Vector]


@dataclass(frozen=True, slots=True)
class Known:
    """What ingest must know of a stored document to tell whether it changed."""

    source: str
    content_hash: str
    language: str
    title: str


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """Frame and calibration of a model as JSON, with the version its writing made."""

    version: int
    data: dict[str, Any]
    made_at: datetime


class Truth:
    """Reads and writes the knowledge tables. Raises `KnowledgeError` if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self) -> int:
        """The knowledge version."""
        return int(await self._scalar(select(state.c.version)))

    async def known(self) -> dict[str, Known]:
        """All documents by id."""
        query = select(
            documents.c.id, documents.c.source, documents.c.content_hash, documents.c.language,
            documents.c.title,
        )  # fmt: skip
        rows = await self._rows(query)
        return {
            row.id: Known(row.source, row.content_hash, row.language, row.title) for row in rows
        }

    async def list_documents(self) -> list[StoredDocument]:
        """All documents in the order of their ids."""
        counts = (
            select(passages.c.document_id, func.count().label("passages"))
            .group_by(passages.c.document_id)
            .subquery()
        )
        query = (
            select(*_LISTED, func.coalesce(counts.c.passages, 0).label("passages"))
            .outerjoin(counts, counts.c.document_id == documents.c.id)
            .order_by(documents.c.id)
        )
        return [_document(row) for row in await self._rows(query)]

    async def text(self, document: str) -> str:
        """The text of a document as it came in. Raises `NotFound`."""
        found = await self._rows(select(documents.c.text).where(documents.c.id == document))
        if not found:
            raise NotFound("there is no such document")
        return str(found[0].text)

    async def write(
        self, prepared: Sequence[Prepared], *, model: str, remove: Iterable[str] = ()
    ) -> int:
        """Put documents and remove others in one transaction; returns the new version."""
        names = [item.draft.id for item in prepared]
        try:
            async with self._database.write() as connection:
                stamp = await _raise_version(connection)
                known = await _versions(connection, names)
                await _delete(connection, [*names, *remove])
                for item in prepared:
                    await _insert(connection, item, model, stamp, known.get(item.draft.id, 0) + 1)
                return stamp
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be written") from error

    async def changes(self, after: int, *, model: str) -> Changes:
        """What was written after a version, with the vectors of one model."""
        newer = documents.c.stamp > after
        try:
            async with self._database.read() as connection:
                version = (await connection.execute(select(state.c.version))).scalar_one()
                ids = (await connection.execute(select(documents.c.id))).scalars().all()
                changed = (await connection.execute(select(*_LISTED).where(newer))).all()
                pieces = (await connection.execute(_joined(*passages.c).where(newer))).all()
                rows = _joined(vectors.c.passage_id, vectors.c.vector)
                rows = rows.join(vectors, vectors.c.passage_id == passages.c.id)
                rows = rows.where(newer, vectors.c.model == model)
                found = (await connection.execute(rows)).all()
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be read") from error
        return Changes(
            version,
            frozenset(ids),
            [_document(row) for row in changed],
            [_passage(row) for row in pieces],
            {row.passage_id: _vector(row.vector) for row in found},
        )

    async def add_vectors(self, rows: dict[str, Vector], *, model: str) -> None:
        """Store vectors of a model for passages that had none; the version stays as it is."""
        try:
            async with self._database.write() as connection:
                for names in _batches(list(rows)):
                    known = select(passages.c.id).where(passages.c.id.in_(names))
                    there = set((await connection.execute(known)).scalars())
                    await connection.execute(
                        delete(vectors).where(
                            vectors.c.model == model, vectors.c.passage_id.in_(there)
                        )
                    )
                    items = [_vector_row(name, model, rows[name]) for name in there]
                    if items:
                        await connection.execute(insert(vectors), items)
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be written") from error

    async def restamp(self) -> int:
        """Let every process read all documents anew; returns the new version."""
        try:
            async with self._database.write() as connection:
                stamp = await _raise_version(connection)
                await connection.execute(update(documents).values(stamp=stamp))
                return stamp
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be written") from error

    async def drop_vectors(self, *, keep: str) -> None:
        """Forget the vectors and calibrations of every model but one."""
        try:
            async with self._database.write() as connection:
                await connection.execute(delete(vectors).where(vectors.c.model != keep))
                await connection.execute(delete(calibrations).where(calibrations.c.model != keep))
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be written") from error

    async def calibration(self, model: str) -> StoredCalibration | None:
        """The stored calibration of a model."""
        rows = await self._rows(select(calibrations).where(calibrations.c.model == model))
        if not rows:
            return None
        return StoredCalibration(int(rows[0].knowledge_version), rows[0].data, rows[0].made_at)

    async def save_calibration(self, model: str, data: dict[str, Any]) -> None:
        """Replace the calibration of a model; raises the version, so that every process sees it."""
        row: dict[str, Any] = {"model": model, "data": data, "made_at": datetime.now(UTC)}
        try:
            async with self._database.write() as connection:
                row["knowledge_version"] = await _raise_version(connection)
                await connection.execute(delete(calibrations).where(calibrations.c.model == model))
                await connection.execute(insert(calibrations), row)
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be written") from error

    async def _rows(self, query: Any) -> Sequence[Any]:
        try:
            async with self._database.read() as connection:
                return (await connection.execute(query)).all()
        except SQLAlchemyError as error:
            raise KnowledgeError("the knowledge cannot be read") from error

    async def _scalar(self, query: Any) -> Any:
        return (await self._rows(query))[0][0]


_LISTED = tuple(column for column in documents.c if column.name != "text")


def _joined(*columns: Any) -> Any:
    return select(*columns).join_from(documents, passages, passages.c.document_id == documents.c.id)


async def _raise_version(connection: AsyncConnection) -> int:
    raised = update(state).values(version=state.c.version + 1).returning(state.c.version)
    return int((await connection.execute(raised)).scalar_one())


async def _versions(connection: AsyncConnection, names: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in _batches(names):
        query = select(documents.c.id, documents.c.version).where(documents.c.id.in_(batch))
        found |= {row.id: row.version for row in (await connection.execute(query)).all()}
    return found


async def _delete(connection: AsyncConnection, names: list[str]) -> None:
    for batch in _batches(names):
        await connection.execute(delete(documents).where(documents.c.id.in_(batch)))


async def _insert(
    connection: AsyncConnection, item: Prepared, model: str, stamp: int, version: int
) -> None:
    draft = item.draft
    row = draft.model_dump(exclude={"question", "markdown"})
    row |= {"content_hash": draft.content_hash, "version": version, "stamp": stamp}
    await connection.execute(insert(documents), {**row, "updated_at": datetime.now(UTC)})
    if not item.passages:
        return
    await connection.execute(insert(passages), [_passage_row(piece) for piece in item.passages])
    pairs = zip(item.passages, item.vectors, strict=True)
    rows = [_vector_row(piece.id, model, vector) for piece, vector in pairs]
    await connection.execute(insert(vectors), rows)


def _passage_row(piece: StoredPassage) -> dict[str, Any]:
    return {
        "id": piece.id, "document_id": piece.document, "ordinal": piece.ordinal,
        "heading": piece.heading, "question": piece.question, "text": piece.text,
    }  # fmt: skip


def _document(row: Any) -> StoredDocument:
    found = StoredDocument(*row)
    # SQLite gives times back without their zone.
    return found if found.updated_at.tzinfo else replace(found, updated_at=_utc(found.updated_at))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _passage(row: Any) -> StoredPassage:
    return StoredPassage(row.id, row.document_id, row.ordinal, row.heading, row.question, row.text)


def _vector_row(name: str, model: str, vector: Vector) -> dict[str, Any]:
    data = np.asarray(vector, dtype="<f4").tobytes()
    return {"passage_id": name, "model": model, "vector": data}


def _vector(data: bytes) -> Vector:
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


def _batches(names: list[str]) -> list[list[str]]:
    return [names[at : at + _BATCH] for at in range(0, len(names), _BATCH)]
