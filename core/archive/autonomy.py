"""Who may answer what, in SQL: every change stays, the last applied one counts.

Above: the turn (`modes`), `switchboard.autonomy`. Below: `core.learning.autonomy`, `database`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from core.archive.database import Database
from core.archive.learning_tables import autonomy_changes as table
from core.archive.tables import entries, turns
from core.errors import Conflict, NotFound
from core.ids import new_change_id
from core.learning.autonomy import (
    MEASURED,
    AutonomyRules,
    Change,
    ChangeStatus,
    Judged,
    Mode,
    last_applied,
    mode_of,
)

_log = structlog.get_logger("autonomy")
_FRESH_SECONDS = 2.0
_BAD = ("down", "1", "2")
# Hand-overs that say the answers before them were no good.
_ANGRY = ("frustration", "complaint", "no_progress")


class SqlAutonomy:
    """The changes, and what counts by them."""

    def __init__(
        self, database: Database, rules: AutonomyRules, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.rules = rules
        self._database = database
        self._clock = clock
        self._applied: dict[str, Change] = {}
        self._read_at: float | None = None

    async def mode_of(self, intent: str) -> Mode:
        """What counts now, within two seconds. A database that is away changes nothing."""
        now = self._clock()
        if self._read_at is None or now - self._read_at > _FRESH_SECONDS:
            self._read_at = now
            try:
                self._applied = last_applied(await self.changes())
            except (SQLAlchemyError, OSError) as error:
                _log.warning("autonomy_not_read", error=type(error).__name__)
        return mode_of(intent, self.rules, self._applied)

    async def changes(self) -> list[Change]:
        """All of them, in the order in which they count."""
        query = select(table).order_by(table.c.at, table.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        found = [Change.model_validate(dict(row)) for row in rows]
        return sorted(found, key=lambda change: change.decided_at or change.at)

    async def set(self, intent: str, mode: Mode, *, by: str, why: str = "") -> Change:
        """A person's word; it counts at once, and settles what was suggested for the intent."""
        before = mode_of(intent, self.rules, last_applied(await self.changes()))
        made = _change(intent, before, mode, by=by, why=why, status="applied")
        async with self._database.write() as connection:
            await connection.execute(
                update(table)
                .where(table.c.intent == intent, table.c.status == "suggested")
                .values(status="dismissed", decided_by=by, decided_at=made.at)
            )
            await connection.execute(table.insert().values(**made.model_dump()))
        self._read_at = None
        _log.info("autonomy_changed", intent=intent, after=mode)
        return made

    async def record(self, judged: Judged, *, applied: bool) -> Change:
        """A measured change: done, or suggested."""
        made = _change(
            judged.intent, judged.before, judged.after, by=MEASURED, why=judged.why,
            status="applied" if applied else "suggested",
        ).model_copy(update={"figures": judged.figures})  # fmt: skip
        async with self._database.write() as connection:
            await connection.execute(table.insert().values(**made.model_dump()))
        self._read_at = None
        return made

    async def decide(self, identifier: str, status: ChangeStatus, *, by: str) -> Change:
        """Apply or dismiss a suggestion; the same again changes nothing. Raises `NotFound`, and
        `Conflict` when it was decided otherwise."""
        change = (
            update(table)
            .where(table.c.id == identifier, table.c.status == "suggested")
            .values(status=status, decided_by=by, decided_at=datetime.now(UTC))
        )
        found = select(table).where(table.c.id == identifier)
        async with self._database.write() as connection:
            await connection.execute(change)
            row = (await connection.execute(found)).mappings().one_or_none()
        if row is None:
            raise NotFound("there is no such change")
        if row["status"] != status:
            raise Conflict(f"it was {row['status']} before", code="decided")
        self._read_at = None
        return Change.model_validate(dict(row))

    async def complaints(self, since: datetime) -> dict[str, int]:
        """By intent: hand-overs in anger, and bad ratings of answers."""
        specialist = turns.c.specialist
        intent = turns.c.receipt["triage"]["intent"].as_string()
        angry = select(specialist, intent).where(
            turns.c.at >= since,
            turns.c.receipt["outcome"].as_string() == "escalate",
            turns.c.receipt["escalation"]["reason"].as_string().in_(_ANGRY),
        )
        rated = (
            select(specialist, intent)
            .join(entries, entries.c.conversation == turns.c.conversation)
            .where(
                entries.c.at >= since, entries.c.kind == "control", entries.c.role == "customer",
                entries.c.action == "rate", entries.c.value.in_(_BAD),
                entries.c.body["in_reply_to"].as_integer() == turns.c.seq,
            )
        )  # fmt: skip
        counts: dict[str, int] = {}
        async with self._database.read() as connection:
            for query in (angry, rated):
                for row in (await connection.execute(query)).all():
                    if row[0] and row[1]:
                        name = f"{row[0]}.{row[1]}"
                        counts[name] = counts.get(name, 0) + 1
        return counts


def _change(
    intent: str, before: Mode, after: Mode, *, by: str, why: str, status: ChangeStatus
) -> Change:
    return Change(
        id=new_change_id(), intent=intent, before=before, after=after, status=status, made_by=by,
        at=datetime.now(UTC), why=why,
    )  # fmt: skip
