"""Answers put forward for the knowledge base, in SQL: kept once, decided once.

Above: `follower` (what desks save), `switchboard.learning`. Below: `core.learning.reviews`,
`database`. A mark may be archived before the answer it names, because what a follower that died
had read comes late: marks are looked at again with everything that comes from before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.inserting import insert_new
from core.archive.learning_tables import knowledge_reviews as reviews
from core.archive.tables import conversations, entries
from core.bus.journal import JournalRecord
from core.errors import Conflict, InputError, NotFound
from core.ids import new_review_id
from core.learning.reviews import NewReview, Review, Screening, review_of
from core.messages import Entry

_log = structlog.get_logger("learning")
_OPEN = ("unscreened", "proposed")
_LOOKED_BACK = 400
_AT_ONCE = 200
# How far the store's clock may ever have been set back between an answer and its mark.
_CLOCK_STEP = timedelta(hours=1)


class KnowledgeReviews:
    """What was put forward, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def propose(self, new: NewReview, *, by: str) -> Review:
        """Keep it; the same wish again gives what it became the first time."""
        async with self._database.write() as connection:
            await insert_new(connection, reviews, [_row(new, by, datetime.now(UTC))])
            query = select(reviews).where(reviews.c.source == new.source)
            return _show((await connection.execute(query)).mappings().one())

    async def find(self, identifier: str) -> Review:
        """Raises `NotFound`."""
        query = select(reviews).where(reviews.c.id == identifier)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("there is no such proposal")
        return _show(row)

    async def list(self, *, status: str | None, limit: int) -> list[Review]:
        """Those of a status (None: all; `open`: nobody has decided), oldest first."""
        query = select(reviews).order_by(reviews.c.proposed_at, reviews.c.id).limit(limit)
        if status is not None:
            query = query.where(reviews.c.status.in_(_OPEN if status == "open" else (status,)))
        async with self._database.read() as connection:
            return [_show(row) for row in (await connection.execute(query)).mappings()]

    async def count_open(self) -> int:
        """How many wait for a person."""
        query = select(func.count()).where(reviews.c.status.in_(_OPEN))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def twin_of(self, review: Review) -> str | None:
        """An earlier proposal of the same words that was not rejected."""
        query = (
            select(reviews.c.id)
            .where(reviews.c.fingerprint == review.words, reviews.c.id != review.id)
            .where(reviews.c.status != "rejected", reviews.c.proposed_at <= review.proposed_at)
            .order_by(reviews.c.proposed_at)
            .limit(1)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def save_screening(self, review: Review, screening: Screening, language: str) -> None:
        """It was looked at; unless somebody has decided meanwhile."""
        await self._change(
            review.id, "unscreened",
            status="proposed", screening=screening.model_dump(mode="json"), language=language,
        )  # fmt: skip

    async def reject(self, identifier: str, *, by: str) -> Review:
        """Once is enough. Raises `NotFound`, and `Conflict` when it was accepted before."""
        for status in _OPEN:
            await self._change(
                identifier, status,
                status="rejected", reviewed_by=by, reviewed_at=datetime.now(UTC),
            )  # fmt: skip
        return _as(await self.find(identifier), "rejected")

    async def accept(self, final: Review, document: str, *, by: str) -> Review:
        """With the words it was accepted in. Raises `NotFound`, and `Conflict` when it was
        rejected, or accepted in other words."""
        for status in _OPEN:
            await self._change(
                final.id, status, status="accepted", question=final.question,
                answer=final.answer, category=final.category, language=final.language,
                reviewed_by=by, reviewed_at=datetime.now(UTC), document=document,
            )  # fmt: skip
        return _as(await self.find(final.id), "accepted")

    async def _change(self, identifier: str, expected: str, **fields: Any) -> None:
        rule = (reviews.c.id == identifier, reviews.c.status == expected)
        async with self._database.write() as connection:
            await connection.execute(update(reviews).where(*rule).values(**fields))


async def keep_saved(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
    """What people marked at their desks (`save`, its value an answer's entry id): proposals, in
    the transaction that stores the batch, behind its entries. What is no answer proposes nothing,
    nor does what was written out as an article before it was marked."""
    for conversation, mark in await _marks(connection, batch):
        if await _is_proposed(connection, conversation, mark.value or ""):
            continue
        said = await _said_before(connection, conversation, mark)
        language = await _language_of(connection, conversation)
        try:
            new = review_of(said, mark.value or "", conversation=conversation)
        except InputError as error:
            _log.info("nothing_to_save", conversation=conversation, reason=error.code)
            continue
        new = new if new.language else new.model_copy(update={"language": language})
        row = _row(new, mark.author.name or "a person", mark.at)
        await insert_new(connection, reviews, [row])


async def _marks(
    connection: AsyncConnection, batch: Sequence[JournalRecord]
) -> list[tuple[str, Entry]]:
    """Those of the batch, and what was archived before the words that the batch brings."""
    first: dict[str, int] = {}
    said = [record for record in batch if record.entry is not None]
    for record in said:
        first[record.conversation] = min(record.seq, first.get(record.conversation, record.seq))
    own, names, found = entries.c, sorted(first), list[tuple[str, Entry]]()
    for start in range(0, len(names), _AT_ONCE):
        query = (
            select(own.conversation, own.seq, own.body)
            .where(own.action == "save", own.role == "human_agent")
            .where(own.at >= min(record.at for record in said) - _CLOCK_STEP)
            .where(own.conversation.in_(names[start : start + _AT_ONCE]))
            .order_by(own.conversation, own.seq)
        )
        rows = (await connection.execute(query)).all()
        found += [(row[0], Entry.model_validate(row[2])) for row in rows if row[1] >= first[row[0]]]
    return found


async def _is_proposed(connection: AsyncConnection, conversation: str, entry: str) -> bool:
    rule = (reviews.c.conversation == conversation, reviews.c.entry == entry)
    found = await connection.execute(select(reviews.c.id).where(*rule).limit(1))
    return found.scalar_one_or_none() is not None


async def _said_before(connection: AsyncConnection, conversation: str, mark: Entry) -> list[Entry]:
    query = (
        select(entries.c.body)
        .where(entries.c.conversation == conversation, entries.c.seq < mark.seq)
        .order_by(entries.c.seq.desc())
        .limit(_LOOKED_BACK)
    )
    bodies = (await connection.execute(query)).scalars().all()
    return [Entry.model_validate(body) for body in reversed(bodies)]


async def _language_of(connection: AsyncConnection, conversation: str) -> str:
    query = select(conversations.c.language).where(conversations.c.id == conversation)
    return (await connection.execute(query)).scalar_one_or_none() or ""


def _row(new: NewReview, by: str, at: datetime) -> dict[str, Any]:
    return {
        **new.model_dump(), "id": new_review_id(), "fingerprint": new.words, "screening": {},
        "status": "unscreened", "proposed_by": by, "proposed_at": at,
    }  # fmt: skip


def _show(row: RowMapping) -> Review:
    return Review.model_validate({name: row[name] for name in row if name != "fingerprint"})


def _as(review: Review, status: str) -> Review:
    if review.status != status:
        raise Conflict(f"it was {review.status} before", code="decided")
    return review
