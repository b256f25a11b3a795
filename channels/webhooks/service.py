"""Tells other systems what waits in the outbox, again and again until they take it.

Above: the role `archive`. Below: `sender`, `core.webhooks.store`. Several of these services share
the work by leases; one that dies leaves its part to be taken over. A receiver that is slow or away
holds up nobody else: only a few requests to one webhook run at once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime

import structlog

from channels.webhooks.sender import WebhookSender
from core import telemetry
from core.errors import ArchiveUnavailable
from core.runtime import TaskPool, work_off
from core.webhooks.records import Attempt, Delivery, Webhook, next_due
from core.webhooks.store import WebhookStore

_log = structlog.get_logger("webhooks")
_LOOK_SECONDS = 0.5
_MOST_OF_ONE = 2
_LEASE_SECONDS = 60.0
_FORGET_EVERY_SECONDS = 3_600.0


class WebhookService:
    """Service: any number may run."""

    name = "webhooks"

    def __init__(
        self, store: WebhookStore, sender: WebhookSender, *, at_once: int,
        grace_seconds: float = 20, look_seconds: float = _LOOK_SECONDS,
    ) -> None:  # fmt: skip
        self._store = store
        self._sender = sender
        self._pool = TaskPool("webhook", limit=at_once)
        self._grace = grace_seconds
        self._look_seconds = look_seconds
        self._running: Counter[str] = Counter()
        self._forget_at = 0.0

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        async with self._sender:
            try:
                await work_off(
                    stop, self._look_seconds, self._round, ArchiveUnavailable,
                    lambda error: _log.warning("webhooks_not_looked_at", error=error),
                )  # fmt: skip
            finally:
                await self._pool.drain(self._grace if stop.is_set() else 0)

    async def _round(self) -> bool:
        """Start what is due; False: nothing was."""
        await self._pool.wait_room()
        await self._forget_old()
        busy = [name for name, count in self._running.items() if count >= _MOST_OF_ONE]
        due = await self._store.take_due(
            limit=self._pool.free, without=busy, most_of_one=_MOST_OF_ONE,
            lease_seconds=_LEASE_SECONDS,
        )  # fmt: skip
        if not due:
            return False
        webhooks = {webhook.id: webhook for webhook in await self._store.list()}
        for delivery in due:
            if (webhook := webhooks.get(delivery.webhook)) is not None:
                self._running[webhook.id] += 1
                await self._pool.start(self._tell(webhook, delivery))
        return True

    async def _tell(self, webhook: Webhook, delivery: Delivery) -> None:
        try:
            attempt = await self._sender.send(webhook.url, delivery)
            await self._note(webhook, delivery, attempt)
        except ArchiveUnavailable as error:
            # Its lease runs out, and it is told again: receivers know a repeat by its id.
            _log.warning("webhook_attempt_not_noted", webhook=webhook.id, error=str(error))
        finally:
            self._running[webhook.id] -= 1
            self._running += Counter()  # keeps those above zero only

    async def _note(self, webhook: Webhook, delivery: Delivery, attempt: Attempt) -> None:
        due = next_due(
            delivery.attempts + 1, datetime.now(UTC), jitter=random.uniform(-1, 1),  # noqa: S311
            wait_seconds=attempt.wait_seconds,
        )  # fmt: skip
        due = None if attempt.ok or attempt.gone else due
        if attempt.gone:  # first: who dies in between has told the last thing there
            _log.warning("webhook_gone", webhook=webhook.id)
            await self._store.disable(webhook.id, "the receiver answered 410 Gone")
        await self._store.record(delivery, attempt, due)
        result = "delivered" if attempt.ok else "retry" if due else "dead"
        telemetry.WEBHOOKS.labels(result).inc()
        if result == "dead" and not attempt.gone:
            _log.error("webhook_dead", webhook=webhook.id, of=delivery.event, error=attempt.error)

    async def _forget_old(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY_SECONDS
            await self._store.forget_old()
