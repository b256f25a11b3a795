"""Keeping how conversations stand, so that a store that lost everything can be rebuilt.

Above: `follower` (with each batch), `standing_keeper` (what changes without a word), `vault`
(reads). Below: `core.bus.standing`, `standing_tables`. An older state never overwrites a newer one,
and nothing that was read in one life of the store is written in the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Queue, stand_in
from core.archive.inserting import save_rows
from core.archive.standing_tables import addresses, store_lives
from core.archive.tables import entries, snapshots
from core.bus.calls import Calls
from core.bus.lives import Sign, note_sign, read_sign
from core.bus.snapshot import Snapshot
from core.bus.standing import Touched, TouchedList, read_standing
from core.errors import BusUnavailable
from core.messages import Entry

# It may leave the store as soon as it was idle for long enough.
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Standings:
    """Reads them from the store and writes them to SQL."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self.touched = TouchedList(calls, shards=shards)

    async def read(self, after: Mapping[str, int]) -> list[Snapshot]:
        """How these stand now, with what was said after these sequences; without those that are not
        in the store. Raises `BusUnavailable`."""
        found = await asyncio.gather(
            *(read_standing(self._calls, name, after=seq) for name, seq in sorted(after.items()))
        )
        return [snapshot for snapshot in found if snapshot is not None]

    async def sign(self) -> Sign:
        """The store's, to be asked before anything is read that is to be saved."""
        return await read_sign(self._calls)

    async def save(
        self, connection: AsyncConnection, found: Sequence[Snapshot], sign: Sign
    ) -> int | None:
        """Write them, last of all; the transaction is the caller's. Returns the mark to note in the
        store. Raises `BusUnavailable` if the store is not any more what it was at that sign."""
        if not sign.is_as(await read_sign(self._calls)):
            raise BusUnavailable("the store is another since this was read from it")
        rows = [standing_row(snapshot) for snapshot in found]
        await save_rows(connection, snapshots, rows, newer="rev")
        return await raise_mark(connection, sign)

    async def note(self, mark: int | None, found: Sequence[Snapshot], sign: Sign) -> None:
        """They are written for good: the store may know, if it is the one they were read from."""
        if mark is not None and not await note_sign(self._calls, sign.run, {}, mark=mark):
            return
        await self.touched.settle(
            Touched(item.conversation, is_address=False, mark=item.rev) for item in found
        )


async def raise_mark(connection: AsyncConnection, sign: Sign) -> int | None:
    """Count one more write of the archive; None: no life of the store was begun yet.

    Raises `BusUnavailable` if another began since this was read: who brings the store back must
    find all that there will ever be of the old one.
    """
    await stand_in(connection, Queue.LIVES)
    lives = select(store_lives.c.number, store_lives.c.incarnation)
    query = lives.order_by(store_lives.c.number.desc()).limit(1)
    newest = (await connection.execute(query)).first()
    if newest is None:
        return None
    if newest.incarnation != sign.life or not sign.is_judged:
        raise BusUnavailable("the store began another life since this was read from it")
    statement = (
        update(store_lives)
        .where(store_lives.c.number == newest.number)
        .values(mark=store_lives.c.mark + 1, written_at=datetime.now(UTC))
        .returning(store_lives.c.mark)
    )
    return (await connection.execute(statement)).scalar_one()


async def archived_until(connection: AsyncConnection, names: Collection[str]) -> dict[str, int]:
    """The last entry that is archived of each; 0 of those nobody said anything in."""
    own = entries.c
    query = (
        select(own.conversation, func.max(own.seq))
        .where(own.conversation.in_(names))
        .group_by(own.conversation)
    )
    known = {name: int(seq) for name, seq in (await connection.execute(query)).all()}
    return {name: known.get(name, 0) for name in names}


async def save_addresses(connection: AsyncConnection, found: Mapping[str, str]) -> None:
    """Where these addresses lead."""
    rows = [{"key": key, "conversation": name} for key, name in found.items()]
    await save_rows(connection, addresses, rows)


def standing_row(snapshot: Snapshot) -> dict[str, Any]:
    """The row of `snapshots`."""
    return {
        "conversation": snapshot.conversation, "stamp": snapshot.stamp, "head": snapshot.head,
        "state": snapshot.state, "here_since": ANY_TIME, "rev": snapshot.rev,
        "sends": dict(snapshot.sends), "steps": list(snapshot.steps),
        "tail": [entry.model_dump(mode="json", exclude_defaults=True) for entry in snapshot.tail],
        "receipts": {str(seq): text for seq, text in snapshot.receipts.items()},
    }  # fmt: skip


def snapshot_of(row: RowMapping) -> Snapshot:
    """As it was written."""
    receipts: dict[str, str] = row["receipts"] or {}
    return Snapshot(
        row["conversation"], row["stamp"], row["head"], row["state"], rev=int(row["rev"] or 0),
        sends=row["sends"] or {}, steps=row["steps"] or (),
        tail=[Entry.model_validate(item) for item in row["tail"] or ()],
        receipts={int(seq): text for seq, text in receipts.items()},
        left=row["here_since"] is None,
    )  # fmt: skip
