"""Webhooks and what waits to be told, in SQL.

Above: REST, the sender. Below: `tables`, `outbox`.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, false, or_, select, update

from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.errors import NotFound
from core.webhooks.events import WebhookEvent
from core.webhooks.outbox import put_events, read_webhooks
from core.webhooks.records import Attempt, Delivery, Webhook
from core.webhooks.tables import deliveries, webhooks

_MOST = 200
# A delivered event is kept for whoever looks; a dead one until somebody decides.
_KEPT = timedelta(days=7)


class WebhookStore:
    """Every step is one transaction; several senders share the work by leases."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "webhooks")

    async def add(self, url: str, events: Sequence[str], *, description: str, by: str) -> Webhook:
        """A new one, under an id that nobody can guess."""
        webhook = Webhook(
            id=f"wh_{secrets.token_urlsafe(15)}", url=url, events=tuple(events),
            description=description, created_at=datetime.now(UTC), created_by=by,
        )  # fmt: skip
        async with self._tables.write() as connection:
            await connection.execute(webhooks.insert().values(**webhook.model_dump()))
        return webhook

    async def list(self) -> list[Webhook]:
        """All of them, the oldest first."""
        async with self._tables.read() as connection:
            return await read_webhooks(connection)

    async def get(self, identifier: str) -> Webhook:
        """Raises `NotFound`."""
        found = next((one for one in await self.list() if one.id == identifier), None)
        if found is None:
            raise NotFound("no such webhook")
        return found

    async def remove(self, identifier: str) -> None:
        """With everything that waits for it. Raises `NotFound`."""
        async with self._tables.write() as connection:
            done = await connection.execute(delete(webhooks).where(webhooks.c.id == identifier))
            await connection.execute(delete(deliveries).where(deliveries.c.webhook == identifier))
        if done.rowcount == 0:
            raise NotFound("no such webhook")

    async def disable(self, identifier: str, why: str) -> None:
        """Tell it nothing more; what waits is dead."""
        now = datetime.now(UTC)
        rule = and_(webhooks.c.id == identifier, webhooks.c.disabled_at.is_(None))
        waiting = and_(deliveries.c.webhook == identifier, deliveries.c.status == "waiting")
        async with self._tables.write() as connection:
            await connection.execute(
                update(webhooks).where(rule).values(disabled_at=now, disabled_why=why)
            )
            await connection.execute(
                update(deliveries).where(waiting).values(status="dead", last_error=why, done_at=now)
            )

    async def enable(self, identifier: str) -> Webhook:
        """Tell it again. Raises `NotFound`."""
        async with self._tables.write() as connection:
            await connection.execute(
                update(webhooks)
                .where(webhooks.c.id == identifier)
                .values(disabled_at=None, disabled_why=None)
            )
        return await self.get(identifier)

    async def put(self, webhook: Webhook, event: WebhookEvent) -> None:
        """An event for this webhook only."""
        async with self._tables.write() as connection:
            await put_events(connection, [webhook], [event])

    async def deliveries(
        self, identifier: str, *, status: str | None = None, limit: int = 50
    ) -> list[Delivery]:
        """Of one webhook, the newest first."""
        query = select(deliveries).where(deliveries.c.webhook == identifier)
        if status is not None:
            query = query.where(deliveries.c.status == status)
        newest = query.order_by(deliveries.c.created_at.desc(), deliveries.c.event)
        async with self._tables.read() as connection:
            rows = (await connection.execute(newest.limit(min(limit, _MOST)))).mappings().all()
        return [_show(dict(row)) for row in rows]

    async def replay(self, identifier: str, event: str) -> Delivery:
        """Tell it once more, with all its attempts. Raises `NotFound`."""
        rule = and_(deliveries.c.webhook == identifier, deliveries.c.event == event)
        fresh: dict[str, Any] = {
            "status": "waiting", "attempts": 0, "due_at": datetime.now(UTC), "done_at": None,
            "leased_until": None,
        }  # fmt: skip
        async with self._tables.write() as connection:
            done = await connection.execute(update(deliveries).where(rule).values(**fresh))
        if done.rowcount == 0:
            raise NotFound("no such delivery")
        return next(one for one in await self._some(rule))

    async def take_due(
        self, *, limit: int, most_of_one: int, lease_seconds: float,
        without: Collection[str] = (),
    ) -> list[Delivery]:  # fmt: skip
        """Those whose time has come and which nobody is at, at most so many of one webhook; they
        are ours for so long."""
        now = datetime.now(UTC)
        async with (
            self._tables.read() as connection
        ):  # most looks find nothing: those lock nobody out
            if (await connection.execute(_due(now, 1, without))).first() is None:
                return []
        async with self._tables.write() as connection:
            found = await connection.execute(_due(now, limit * 8, without))
            names = [(row.webhook, row.event) for row in found]
            ours = _of(_few_of_each(names, most_of_one)[:limit])
            until = now + timedelta(seconds=lease_seconds)
            free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until < now)
            untold = deliveries.c.status == "waiting"  # another sender may just have told it
            taken = (
                update(deliveries).where(ours, untold, free).values(leased_until=until)
                .returning(*deliveries.c)
            )  # fmt: skip
            rows = (await connection.execute(taken)).mappings().all()
        return [_show(dict(row)) for row in rows]

    async def record(self, delivery: Delivery, attempt: Attempt, due: datetime | None) -> None:
        """How an attempt ended; `due` None after a failure: it is dead."""
        now = datetime.now(UTC)
        status = "delivered" if attempt.ok else "waiting" if due else "dead"
        rule = and_(deliveries.c.webhook == delivery.webhook, deliveries.c.event == delivery.event)
        async with self._tables.write() as connection:
            await connection.execute(
                update(deliveries).where(rule).values(
                    status=status, attempts=delivery.attempts + 1, due_at=due,
                    leased_until=None, last_status=attempt.status, last_error=attempt.error,
                    done_at=None if status == "waiting" else now,
                )
            )  # fmt: skip

    async def forget_old(self) -> int:
        """Drop what was delivered long ago."""
        before = datetime.now(UTC) - _KEPT
        rule = and_(deliveries.c.status == "delivered", deliveries.c.done_at < before)
        async with self._tables.write() as connection:
            return (await connection.execute(delete(deliveries).where(rule))).rowcount

    async def _some(self, rule: Any) -> list[Delivery]:
        async with self._tables.read() as connection:
            rows = (await connection.execute(select(deliveries).where(rule))).mappings().all()
        return [_show(dict(row)) for row in rows]


def _due(now: datetime, limit: int, without: Collection[str]) -> Select[Any, Any]:
    """Names of those whose time has come, the longest waiting first."""
    return (
        select(deliveries.c.webhook, deliveries.c.event)
        .where(
            deliveries.c.status == "waiting",
            deliveries.c.due_at <= now,
            deliveries.c.webhook.not_in(without),
            or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until < now),
        )
        .order_by(deliveries.c.due_at, deliveries.c.event)
        .limit(limit)
    )


def _few_of_each(names: Sequence[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    seen: Counter[str] = Counter()
    kept: list[tuple[str, str]] = []
    for name in names:
        seen[name[0]] += 1
        if seen[name[0]] <= most:
            kept.append(name)
    return kept


def _of(names: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    each = (and_(deliveries.c.webhook == one, deliveries.c.event == two) for one, two in names)
    return or_(false(), *each)


def _show(row: dict[str, Any]) -> Delivery:
    row.pop("leased_until")
    return Delivery.model_validate(row)
