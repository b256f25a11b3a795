"""Corrections of triage in SQL: proposed, then accepted or rejected, once.

Above: the composition root. Below: `database`, `tables`, the records of `core.engine.corrections`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.tables import corrections
from core.engine.corrections import Correction, NewCorrection
from core.errors import Conflict, NotFound, SwitchboardError
from core.ids import new_correction_id
from core.privacy.masking.words import covered

Verdict = Literal["accepted", "rejected"]


class SqlCorrections:
    """Implements `CorrectionBook`, and what a desk does with corrections."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def propose(self, new: NewCorrection, *, by: str) -> Correction:
        """Write it down, for somebody to look at."""
        made = Correction(
            **new.model_dump(), id=new_correction_id(), proposed_by=by, proposed_at=self._now()
        )
        async with self._database.write() as connection:
            await connection.execute(insert(corrections).values(**made.model_dump()))
        return made

    async def list(self, *, status: str | None, limit: int) -> list[Correction]:
        """Those of a status (None: all), oldest first."""
        query = select(corrections).order_by(corrections.c.proposed_at, corrections.c.id)
        if status is not None:
            query = query.where(corrections.c.status == status)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(limit))).mappings().all()
        return [Correction.model_validate(dict(row)) for row in rows]

    async def review(self, identifier: str, verdict: Verdict, *, by: str) -> Correction:
        """Accept or reject; the same again changes nothing. Raises `NotFound`, and `Conflict` when
        the contrary was decided before."""
        change = (
            update(corrections)
            .where(corrections.c.id == identifier, corrections.c.status == "proposed")
            .values(status=verdict, reviewed_by=by, reviewed_at=self._now())
        )
        found = select(corrections).where(corrections.c.id == identifier)
        async with self._database.write() as connection:
            await connection.execute(change)
            row = (await connection.execute(found)).mappings().one_or_none()
        if row is None:
            raise NotFound("no such correction")
        if row["status"] != verdict:
            raise Conflict(f"it was {row['status']} before")
        return Correction.model_validate(dict(row))

    async def count_open(self) -> int:
        """How many wait for a person."""
        query = select(func.count()).where(corrections.c.status == "proposed")
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def accepted(self) -> tuple[Correction, ...]:
        """See the port."""
        query = (
            select(corrections)
            .where(corrections.c.status == "accepted")
            .order_by(corrections.c.reviewed_at, corrections.c.id)
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        read = (Correction.model_validate(dict(row)) for row in rows)
        # What is learned from, and turned into vectors, is nobody's.
        return tuple(
            one.model_copy(update={"text": covered(one.text, one.language)}) for one in read
        )

    async def revision(self) -> str:
        """See the port."""
        query = select(func.count(), func.max(corrections.c.reviewed_at)).where(
            corrections.c.status == "accepted"
        )
        async with self._reading() as connection:
            count, newest = (await connection.execute(query)).one()
        return f"{count} {newest}"

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection]:
        """For training, which knows nothing of SQL: a database in trouble is one error."""
        try:
            async with self._database.read() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise SwitchboardError("the corrections cannot be read") from error
