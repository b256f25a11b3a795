"""Keeping data no longer than it is wanted: what is too old now, counted or deleted, in batches.

Above: `resuming` (the service), `switchboard privacy retention`. Below: `datamap`, the tables, the
store. Each kind of data has a time of its own (`settings`); attachments, which have the shortest,
have a service of theirs (`core.files.keeper`). A sweep that was cut short goes on where it was:
what is deleted is not found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    column,
    delete,
    exists,
    func,
    not_,
    select,
    table,
)
from sqlalchemy.sql.selectable import TableClause

from core.archive.database import Database
from core.archive.tables import UtcDateTime
from core.bus.graves import Graves
from core.files.library import Files
from core.privacy.datamap import TABLES
from core.privacy.places import Place
from core.privacy.rows import erase_rows, present
from core.privacy.settings import PrivacySettings
from core.privacy.subject import Subject
from core.telemetry import RETENTION

_BATCH = 200
# What waits for somebody is not old, however long it has waited.
_DONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "approvals": ("status", ("approved", "rejected", "settled", "expired")),
    "webhook_deliveries": ("status", ("delivered", "dead")),
}
_CLOSED = ("resolved", "closed")


class Retention:
    """Counts and deletes what is too old."""

    def __init__(
        self, database: Database, graves: Graves, settings: PrivacySettings,
        files: Files | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._graves = graves
        self._settings = settings
        self._files = files

    async def preview(self, now: datetime | None = None) -> dict[str, int]:
        """How much would be deleted now, by kind."""
        now = now or datetime.now(UTC)
        found: dict[str, int] = {}
        async with self._database.read() as connection:
            for kind, source, rule in self._old(now, await present(self._database)):
                query = select(func.count()).select_from(source).where(rule)
                count = int((await connection.execute(query)).scalar_one())
                found[kind] = found.get(kind, 0) + count
        return {kind: count for kind, count in found.items() if count}

    async def sweep(self, now: datetime | None = None, *, most_batches: int = 50) -> dict[str, int]:
        """Delete it, a bounded number of batches of each; how much of what went."""
        now = now or datetime.now(UTC)
        found: dict[str, int] = {}
        for kind, source, rule in self._old(now, await present(self._database)):
            last = ""
            for _ in range(most_batches):
                if kind == "messages":
                    names = await self._old_conversations(source, rule, after=last)
                    last = names[-1] if names else last
                    count, looked_at = await self._end_conversations(names, now), len(names)
                else:
                    count = looked_at = await self._batch(kind, source, rule)
                if count:
                    found[kind] = found.get(kind, 0) + count
                    RETENTION.labels(kind).inc(count)
                if looked_at < _BATCH:
                    break
        return found

    async def _batch(self, kind: str, source: TableClause, rule: ColumnElement[bool]) -> int:
        if kind == "tickets":
            return await self._end_tickets(source, rule)
        keys: list[Any] = [source.c[name] for name in _KEYS.get(source.name, ("id",))]
        async with self._database.write() as connection:
            query: Any = select(*keys).where(rule).limit(_BATCH)
            rows: list[tuple[Any, ...]] = [
                tuple(row) for row in (await connection.execute(query)).all()
            ]
            for row in rows:
                own = and_(*(key == value for key, value in zip(keys, row, strict=True)))
                await connection.execute(delete(source).where(own))
        return len(rows)

    async def _old_conversations(
        self, source: TableClause, rule: ColumnElement[bool], *, after: str
    ) -> list[str]:
        """Some of those in which nothing was said, as far as the archive knows."""
        query = select(source.c["id"]).where(rule, source.c["id"] > after)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(source.c["id"]).limit(_BATCH))
            return list(found.scalars().all())

    async def _end_conversations(self, old: Sequence[str], now: datetime) -> int:
        before = now - timedelta(days=self._settings.messages_days)
        # The store knows of words that the archive does not know yet: who is back, is let be.
        names = [name for name in old if await self._graves.end(name, before=before)]
        if not names:
            return 0
        subject = Subject(contact="", conversations=tuple(names))
        # Whoever writes to its address from now on opens a new one.
        await self._graves.clear_names(names, ())
        for name in names:
            await self._graves.clear(name)
        await self._graves.let_go(names)
        places = await present(self._database)
        async with self._database.write() as connection:
            for place in places:
                if place.kind in {"message", "decision", "technical"} or place.name in _OF_TALK:
                    await erase_rows(connection, place, subject)
        if self._files is not None:
            for name in names:
                await self._files.forget(name)
        return len(names)

    async def _end_tickets(self, source: TableClause, rule: ColumnElement[bool]) -> int:
        query = select(source.c["number"]).where(rule).limit(_BATCH)
        async with self._database.read() as connection:
            numbers = list((await connection.execute(query)).scalars().all())
        subject = Subject(contact="", tickets=tuple(numbers))
        places = await present(self._database)
        async with self._database.write() as connection:
            for place in places:
                if place.kind == "ticket":
                    await erase_rows(connection, place, subject)
        return len(numbers)

    def _old(
        self, now: datetime, places: Sequence[Place]
    ) -> list[tuple[str, TableClause, ColumnElement[bool]]]:
        names, kept = {place.name for place in places}, self._settings
        found: list[tuple[str, TableClause, ColumnElement[bool]]] = []
        days = {
            "messages": kept.messages_days, "decisions": kept.decisions_days,
            "tickets": kept.tickets_days, "contacts": kept.contacts_days,
            "deliveries": kept.deliveries_days,
        }  # fmt: skip
        for place in TABLES:
            kind = _KIND_OF.get(place.name)
            if kind is None and place.kind == "decision" and place.age:
                kind = "decisions"
            if kind is None or place.name not in names or not days[kind]:
                continue
            source = _table_of(place)
            before = now - timedelta(days=days[kind])
            rule: ColumnElement[bool] = source.c[place.age] < before
            if place.name in _DONE:
                name, values = _DONE[place.name]
                rule = and_(rule, source.c[name].in_(values))
            found.append((kind, source, and_(rule, *_also(place, source, names))))
        return found


# Links that end with their conversation.
_OF_TALK = frozenset({"addresses", "contact_conversations", "contact_waiting"})
_KIND_OF = {
    "conversations": "messages", "tickets": "tickets", "contacts": "contacts",
    "webhook_deliveries": "deliveries",
}  # fmt: skip
_KEYS: dict[str, tuple[str, ...]] = {
    "turns": ("conversation", "seq"), "cases": ("conversation", "seq"),
    "drafts": ("conversation", "seq"), "webhook_deliveries": ("webhook", "event"),
    "customer_acts": ("key",),
}  # fmt: skip


def _table_of(place: Place) -> TableClause:
    columns: list[Any] = [
        column(name, UtcDateTime) if name == place.age else column(name) for name in place.columns
    ]
    return table(place.name, *columns)


def _also(place: Place, source: TableClause, names: set[str]) -> list[ColumnElement[bool]]:
    if place.name == "tickets":
        return [source.c["state"].in_(_CLOSED)]
    if place.name != "contacts":
        return []
    rules: list[ColumnElement[bool]] = []
    for other in {"contact_conversations", "tickets"} & names:
        linked = table(other, column("contact"))
        rules.append(not_(exists().where(linked.c.contact == source.c["id"])))
    return rules
