"""The lives of the store as the archive knows them, and all that a new life begins with.

Above: `core.bus.rebuild` (its port `LifeBook`), doctor. Below: `vault`, `standings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from core.archive.database import Queue, stand_in
from core.archive.inserting import insert_new
from core.archive.standing_tables import addresses, store_lives
from core.archive.standings import snapshot_of
from core.archive.tables import entries, snapshots
from core.archive.vault import ArchiveVault
from core.bus.lines import Line, line_of_archived
from core.bus.lives import Life, Rebuilt
from core.bus.restoring import REPEATS
from core.bus.snapshot import Snapshot


class ArchiveLives(ArchiveVault):
    """Implements `core.bus.lives.LifeBook`."""

    async def newest(self) -> Life | None:
        """See the port."""
        query = select(store_lives).order_by(store_lives.c.number.desc()).limit(1)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _life(dict(row))

    async def knows(self, incarnation: str) -> bool:
        """See the port."""
        query = select(store_lives.c.number).where(store_lives.c.incarnation == incarnation)
        async with self._reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def begin(self, incarnation: str, reason: str, *, mark: int, made: Rebuilt) -> int:
        """See the port."""
        last = func.max(store_lives.c.number), func.max(store_lives.c.mark)
        async with self._writing() as connection:
            await stand_in(connection, Queue.LIVES)
            number, highest = (await connection.execute(select(*last))).one()
            mark = max(mark, highest or 0)
            row = {
                "number": (number or 0) + 1, "incarnation": incarnation, "reason": reason,
                "began_at": datetime.now(UTC), "mark": mark, "written_at": None,
                "conversations": made.conversations, "addresses": made.addresses,
                "seconds": made.seconds, "kept_until": made.kept_until,
            }  # fmt: skip
            await insert_new(connection, store_lives, [row])
        return mark

    async def complete(self, incarnation: str, made: Rebuilt) -> None:
        """See the port."""
        statement = (
            update(store_lives)
            .where(store_lives.c.incarnation == incarnation)
            .values(conversations=made.conversations, addresses=made.addresses,
                    seconds=made.seconds, kept_until=made.kept_until)
        )  # fmt: skip
        async with self._writing() as connection:
            await connection.execute(statement)

    async def count_open(self) -> int:
        """See the port."""
        query = select(func.count()).where(snapshots.c.here_since.is_not(None))
        async with self._reading() as connection:
            return (await connection.execute(query)).scalar_one()

    async def open_after(self, conversation: str, *, limit: int) -> Sequence[Snapshot]:
        """See the port."""
        query = (
            select(snapshots)
            .where(snapshots.c.here_since.is_not(None), snapshots.c.conversation > conversation)
            .order_by(snapshots.c.conversation)
            .limit(limit)
        )
        async with self._reading() as connection:
            return [snapshot_of(row) for row in (await connection.execute(query)).mappings()]

    async def addresses_after(self, key: str, *, limit: int) -> Sequence[tuple[str, str]]:
        """See the port."""
        query = (
            select(addresses.c.key, addresses.c.conversation)
            .where(addresses.c.key > key)
            .order_by(addresses.c.key)
            .limit(limit)
        )
        async with self._reading() as connection:
            return [(row[0], row[1]) for row in (await connection.execute(query)).all()]

    async def newest_entries(self, found: Sequence[Snapshot]) -> dict[str, list[Line]]:
        """See the port. All in one question."""
        own = entries.c
        said: dict[str, list[Line]] = {item.conversation: [] for item in found}
        if not found:
            return said
        short = [item.conversation for item in found if item.seq <= REPEATS]
        long = [
            and_(own.conversation == item.conversation, own.seq > item.seq - REPEATS)
            for item in found
            if item.seq > REPEATS
        ]
        query = (
            select(own.conversation, own.body)
            .where(or_(own.conversation.in_(short), *long))
            .order_by(own.conversation, own.seq)
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        for conversation, body in rows:
            said[conversation].append(line_of_archived(body))
        return said


def _life(row: dict[str, Any]) -> Life:
    made = Rebuilt(row["conversations"], row["addresses"], row["seconds"], row["kept_until"])
    return Life(
        number=row["number"], incarnation=row["incarnation"], reason=row["reason"],
        began_at=row["began_at"], mark=int(row["mark"]), written_at=row["written_at"], made=made,
    )  # fmt: skip
