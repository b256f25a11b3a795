"""The archive as the keeper of conversations that left the store: `core.bus.snapshot.Vault`.

Above: `core.bus.reload`, `core.bus.expiry`. Below: `database`, `reader`, `tables`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.inserting import save_rows
from core.archive.reader import ArchiveReader
from core.archive.standing_tables import addresses
from core.archive.standings import snapshot_of, standing_row
from core.archive.tables import conversations, entries, snapshots, turns
from core.bus.snapshot import Snapshot
from core.errors import BusUnavailable
from core.identity.rows import other_names
from core.messages import Entry

# One that was only read stays for a while, so that who looks at it does not fetch it each time.
_LINGER = timedelta(hours=1)


class ArchiveVault(ArchiveReader):
    """Reads like the archive's reader; keeps the snapshots beside."""

    def __init__(self, database: Database, *, linger: timedelta = _LINGER) -> None:
        super().__init__(database)
        self._linger = linger

    async def find_snapshot(self, conversation: str) -> Snapshot | None:
        """See the port."""
        query = select(snapshots).where(snapshots.c.conversation == conversation)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else snapshot_of(row)

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        row = standing_row(snapshot) | {"here_since": datetime.now(UTC) - self._linger}
        async with self._writing() as connection:
            await save_rows(connection, snapshots, [row], newer="rev")

    async def note_gone(self, conversation: str) -> None:
        """See the port."""
        await self._note(conversation, None)

    async def note_back(self, conversation: str) -> None:
        """See the port."""
        await self._note(conversation, datetime.now(UTC))

    async def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        """See the port."""
        joined = conversations.outerjoin(snapshots, snapshots.c.conversation == conversations.c.id)
        query = (
            select(conversations.c.id)
            .select_from(joined)
            .where(
                conversations.c.updated_at < before,
                or_(
                    snapshots.c.conversation.is_(None),
                    snapshots.c.here_since <= datetime.now(UTC) - self._linger,
                ),
            )
            .order_by(conversations.c.updated_at)
            .limit(limit)
        )
        async with self._reading() as connection:
            return (await connection.execute(query)).scalars().all()

    async def holds(
        self, conversation: str, *, last: int, entries: int, turns: Collection[int]
    ) -> bool:
        """See the port."""
        return await self._count_entries(conversation, last) == entries and (
            await self._turns(conversation) >= set(turns)
        )

    async def find_address(self, key: str) -> str | None:
        """See the port."""
        query = select(addresses.c.conversation).where(addresses.c.key == key)
        async with self._reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def last_entries(self, conversation: str, *, limit: int) -> list[Entry]:
        """See the port."""
        query = (
            select(entries.c.body)
            .where(entries.c.conversation == conversation)
            .order_by(entries.c.seq.desc())
            .limit(limit)
        )
        async with self._reading() as connection:
            bodies = (await connection.execute(query)).scalars().all()
        return [Entry.model_validate(body) for body in reversed(bodies)]

    async def memories_of(
        self, contact: str, *, but: str, limit: int = 100
    ) -> Sequence[dict[str, Any]]:
        """See `core.memory.carrying.Receipts`."""
        query = (
            select(turns.c.conversation, turns.c.receipt)
            .join(conversations, conversations.c.id == turns.c.conversation)
            .where(_is_of(contact), conversations.c.id != but)
            .order_by(turns.c.at.desc(), turns.c.seq.desc())
            .limit(limit)
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        last: dict[str, dict[str, Any] | None] = {}
        for conversation, receipt in rows:  # the newest first
            last.setdefault(conversation, receipt.get("memory"))
        return [note for note in reversed(last.values()) if note is not None]

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection]:
        """Whoever waits for a conversation hears "not now", as when the store is away."""
        try:
            async with self._database.read() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise BusUnavailable(f"the archive does not answer: {type(error).__name__}") from error

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self._database.write() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise BusUnavailable(f"the archive does not answer: {type(error).__name__}") from error

    async def _count_entries(self, conversation: str, last: int) -> int:
        query = select(func.count()).where(
            entries.c.conversation == conversation, entries.c.seq <= last
        )
        async with self._reading() as connection:
            return (await connection.execute(query)).scalar_one()

    async def _turns(self, conversation: str) -> set[int]:
        query = select(turns.c.seq).where(turns.c.conversation == conversation)
        async with self._reading() as connection:
            return set((await connection.execute(query)).scalars().all())

    async def _note(self, conversation: str, moment: datetime | None) -> None:
        statement = (
            update(snapshots)
            .where(snapshots.c.conversation == conversation)
            .values(here_since=moment)
        )
        async with self._writing() as connection:
            await connection.execute(statement)


def _is_of(contact: str) -> ColumnElement[bool]:
    """Under this name, or another that is proved to be the same person's."""
    named = conversations.c.contact
    return or_(named == contact, named.in_(other_names(contact)))
