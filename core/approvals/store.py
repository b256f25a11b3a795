"""Acts that wait for a person, in SQL. Above: `desk`, `core.customers.sql`. Below: `tables`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals.records import Approval, Decision
from core.approvals.tables import approvals
from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.customers.records import ActionResult, Subject
from core.errors import CustomerSystemError

_MOST = 200


async def insert_approval(connection: AsyncConnection, approval: Approval) -> None:
    """Store it, in the transaction of whoever asks for it."""
    fields = approval.model_dump(mode="json", include={"arguments", "facts"})
    await connection.execute(
        approvals.insert().values(
            id=approval.id,
            key=approval.key,
            conversation=approval.subject.conversation,
            contact=approval.subject.contact,
            level=approval.subject.level,
            tool=approval.tool,
            status=approval.status,
            asked_at=approval.asked_at,
            **fields,
        )
    )


class ApprovalStore:
    """Every step is one statement that changes the row only from the state it expects. All raise
    `CustomerSystemError` when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "approvals", CustomerSystemError)

    async def find(self, identifier: str) -> Approval | None:
        """One of them, or None."""
        found = await self._read(select(approvals).where(approvals.c.id == identifier))
        return found[0] if found else None

    async def list(self, status: str | None = "waiting", *, limit: int = 50) -> Sequence[Approval]:
        """Those of a status (None: all), the longest waiting first."""
        query = select(approvals).order_by(approvals.c.asked_at, approvals.c.id)
        if status is not None:
            query = query.where(approvals.c.status == status)
        return await self._read(query.limit(min(limit, _MOST)))

    async def unfinished(self, *, limit: int = 50) -> Sequence[Approval]:
        """Those decided whose act or whose word to the customer is still missing."""
        decided = approvals.c.status.in_(("approved", "rejected"))
        untold = and_(approvals.c.status == "settled", approvals.c.announced_at.is_(None))
        query = select(approvals).where(or_(decided, untold)).order_by(approvals.c.decided_at)
        return await self._read(query.limit(limit))

    async def decide(
        self, identifier: str, decision: Decision, *, by: str, comment: str | None, at: datetime
    ) -> bool:
        """True if this call decided it; False if it was decided before."""
        status = "approved" if decision == "approve" else "rejected"
        return await self._change(
            identifier, "waiting",
            status=status, decision=decision, decided_by=by, decided_at=at, comment=comment,
        )  # fmt: skip

    async def settle(self, identifier: str, result: ActionResult) -> None:
        """It was carried out, with this result."""
        for status in ("approved", "rejected"):
            await self._change(
                identifier, status, status="settled", result=result.model_dump(mode="json")
            )

    async def mark_announced(self, identifier: str, at: datetime) -> None:
        """The conversation was told."""
        await self._change(identifier, "settled", announced_at=at)

    async def _change(self, identifier: str, expected: str, **values: Any) -> bool:
        rule = and_(approvals.c.id == identifier, approvals.c.status == expected)
        async with self._tables.write() as connection:
            done = await connection.execute(update(approvals).where(rule).values(**values))
            return done.rowcount == 1

    async def _read(self, query: Select[Any]) -> list[Approval]:
        async with self._tables.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_show(row) for row in rows]


def _show(row: RowMapping) -> Approval:
    fields = dict(row)
    fields["subject"] = Subject(
        conversation=fields.pop("conversation"),
        contact=fields.pop("contact"),
        level=fields.pop("level"),
    )
    return Approval.model_validate(fields)
