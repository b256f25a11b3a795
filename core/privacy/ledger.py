"""Tombstones and erasures in SQL: the record that outlives a crash, and a lost store.

Above: `erasure`, `resuming`. Below: `tables`, the database. Nothing personal stays in it: what is
still needed to end an erasure is in its `work`, which is empty once it is done (but for a word
while posts with others are left).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any

from pydantic import Field
from sqlalchemy import delete, func, select, update

from core.archive.database import Database, Queue
from core.archive.inserting import insert_new
from core.messages import Frozen
from core.privacy.tables import erasures, tombstones

_AT_ONCE = 500
# How ids of ours begin that are random, or made of random ones.
_RANDOM = ("ct_", "cv_", "er_", "ex_", "at_", "wh_", "ci_", "cm_", "AP-")
_BURIED = (
    select(tombstones.c.id)
    .join(erasures, erasures.c.id == tombstones.c.erasure)
    .where(tombstones.c.kind == "conversation", erasures.c.done_at.is_not(None))
)


class Erasure(Frozen):
    """A wish to be forgotten, and how far it is. `contact` is an id or a digest."""

    id: str
    contact: str
    asked_by: str
    asked_at: datetime
    step: str = "begun"
    work: dict[str, Any] = Field(default_factory=dict[str, Any])
    report: dict[str, Any] = Field(default_factory=dict[str, Any])
    done_at: datetime | None = None


def opaque(identifier: str) -> str:
    """An id that says nothing of a person: random ones as they are, others as digests."""
    if not identifier or identifier.startswith(_RANDOM):
        return identifier
    return f"digest:{blake2s(identifier.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


class Ledger:
    """Reads and writes both."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def was_begun(self, contact: str) -> bool:
        """True if there was an erasure of this contact, ended or not."""
        query = select(erasures.c.id).where(erasures.c.contact == opaque(contact))
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def begin(self, contact: str, *, by: str, work: dict[str, Any]) -> Erasure:
        """The erasure of this contact: the one that was begun before, or a new one. One that was
        done before is opened again."""
        name = opaque(contact)
        digest = blake2s(name.encode(), digest_size=12).hexdigest()
        now = datetime.now(UTC)
        made = Erasure(id=f"er_{digest}", contact=name, asked_by=by, asked_at=now, work=work)
        async with self._database.write() as connection:
            await insert_new(connection, erasures, [made.model_dump()])
            own = erasures.c.id == made.id
            await connection.execute(
                update(erasures)
                .where(own, erasures.c.done_at.is_not(None))
                .values(step="begun", done_at=None, work=work)
            )
            row = (await connection.execute(select(erasures).where(own))).mappings().one()
        return Erasure.model_validate(dict(row))

    async def save(self, erasure: Erasure) -> None:
        """How far it is by now."""
        values = erasure.model_dump(include={"step", "work", "report", "done_at"})
        async with self._database.write() as connection:
            await connection.execute(
                update(erasures).where(erasures.c.id == erasure.id).values(**values)
            )

    async def with_posts(self) -> list[Erasure]:
        """Those that are done but for posts with others, the oldest first."""
        query = select(erasures).where(
            erasures.c.done_at.is_not(None), erasures.c.work["posts"].as_string().is_not(None)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(erasures.c.asked_at))).mappings().all()
        return [Erasure.model_validate(dict(row)) for row in rows]

    async def save_posts(
        self, identifier: str, posts: list[dict[str, str]], work: dict[str, str]
    ) -> bool:
        """What became of them so far, and what is left; False if the erasure was begun anew."""
        own = (erasures.c.id == identifier) & erasures.c.done_at.is_not(None)
        async with self._database.write() as connection:
            had = (await connection.execute(select(erasures.c.report).where(own))).scalar()
            if had is None:
                return False
            report = {**had, "slack_posts": posts}
            await connection.execute(update(erasures).where(own).values(report=report, work=work))
        return True

    async def find(self, identifier: str) -> Erasure | None:
        """One, or None."""
        async with self._database.read() as connection:
            query = select(erasures).where(erasures.c.id == identifier)
            row = (await connection.execute(query)).mappings().one_or_none()
        return Erasure.model_validate(dict(row)) if row else None

    async def unfinished(self) -> list[Erasure]:
        """Those to be gone on with, the oldest first."""
        query = select(erasures).where(erasures.c.done_at.is_(None)).order_by(erasures.c.asked_at)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Erasure.model_validate(dict(row)) for row in rows]

    async def entomb(self, names: Mapping[str, Collection[str]], *, erasure: str) -> None:
        """From here on the guard takes nothing of these (ids by their kind)."""
        now = datetime.now(UTC)
        rows = [
            {"kind": kind, "id": name, "at": now, "erasure": erasure}
            for kind, some in names.items()
            for name in sorted(set(some))
        ]
        # Waits for whoever writes now: the guard's triggers are in the same queue.
        async with self._database.write(Queue.ERASURE) as connection:
            for start in range(0, len(rows), _AT_ONCE):
                await insert_new(connection, tombstones, rows[start : start + _AT_ONCE])

    async def buried(self) -> list[str]:
        """Conversations of erasures that are done. Those of others are gone on with anyway."""
        async with self._database.read() as connection:
            return list((await connection.execute(_BURIED)).scalars().all())

    async def count_buried(self) -> int:
        """How many that are."""
        query = select(func.count()).select_from(_BURIED.subquery())
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def entombed(self, kind: str) -> list[tuple[str, datetime]]:
        """All of a kind, with their times."""
        query = select(tombstones.c.id, tombstones.c.at).where(tombstones.c.kind == kind)
        async with self._database.read() as connection:
            return [(name, at) for name, at in (await connection.execute(query)).all()]

    async def is_entombed(self, conversation: str) -> bool:
        """True if this conversation was erased."""
        own = tombstones.c
        query = select(own.id).where(own.kind == "conversation", own.id == conversation)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def forget_traces(self, before: datetime) -> int:
        """Traces of events that no platform repeats any more."""
        own = tombstones.c
        async with self._database.write() as connection:
            done = await connection.execute(
                delete(tombstones).where(own.kind == "event", own.at < before)
            )
        return done.rowcount


def merge(report: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    """The report with more of what went."""
    had: dict[str, int] = dict(report.get("removed") or {})
    for name, count in counts.items():
        had[name] = had.get(name, 0) + count
    return {**report, "removed": had}


def listed(values: Sequence[Any]) -> list[Any]:
    """Each once, in order, as JSON keeps it."""
    return list(dict.fromkeys(values))
