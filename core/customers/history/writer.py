"""Tells the system of customers what became of conversations, again and again until it takes it.

Above: the role `archive`. Below: `outbox`, a `HistoryBook`, the log. No conversation waits for
this: it reads what was archived. A system that is away is left alone by its breaker; what it does
not take within a day is a dead letter.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from core import telemetry
from core.customers.history.outbox import HistoryOutbox
from core.customers.history.ports import HistoryBook
from core.customers.history.records import HistoryRecord, Waiting, next_try
from core.customers.records import Subject
from core.errors import ArchiveUnavailable, BusError, CustomerSystemError, NotFound
from core.ids import ConversationId
from core.memory.secrets import mask_secrets
from core.memory.summary import first_matter
from core.messages import Entry
from core.ports import Log
from core.returning import read_return
from core.runtime import TaskPool, work_off

_log = structlog.get_logger("crm")
_LOOK_SECONDS = 1.0
_LEASE_SECONDS = 60.0
_AT_ONCE = 4
_LONGEST = 500
_MOST_READ = 1_000
_FORGET_EVERY_SECONDS = 3_600.0


class HistoryWriter:
    """Service: any number may run. `link` gives the address of a conversation for people of the
    other system; None: it has none."""

    name = "customer-history"

    def __init__(
        self, outbox: HistoryOutbox, book: HistoryBook, log: Log, *,
        link: Callable[[str], str | None] = lambda conversation: None,
        look_seconds: float = _LOOK_SECONDS, grace_seconds: float = 5.0,
    ) -> None:  # fmt: skip
        self._outbox = outbox
        self._book = book
        self._log = log
        self._link = link
        self._look_seconds = look_seconds
        self._grace = grace_seconds
        self._pool = TaskPool("history", limit=_AT_ONCE)
        self._forget_at = 0.0

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        try:
            await work_off(
                stop, self._look_seconds, self._round, ArchiveUnavailable,
                lambda error: _log.warning("history_not_looked_at", error=error),
            )  # fmt: skip
        finally:
            await self._pool.drain(self._grace if stop.is_set() else 0)

    async def _round(self) -> bool:
        """Start what is due; False: nothing was."""
        await self._pool.wait_room()
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY_SECONDS
            await self._outbox.forget_old()
        due = await self._outbox.take_due(limit=self._pool.free, lease_seconds=_LEASE_SECONDS)
        for item in due:
            await self._pool.start(self._tell(item))
        return bool(due)

    async def _tell(self, item: Waiting) -> None:
        try:
            status, error = await self._try(item)
            due = None
            if status == "waiting":
                jitter = random.uniform(-1, 1)  # noqa: S311
                due = next_try(item.attempts + 1, datetime.now(UTC), jitter=jitter)
                status = "waiting" if due is not None else "dead"
            await self._outbox.settle(item, status=status, due=due, error=error)
        except ArchiveUnavailable as away:
            # Its lease runs out, and it is told again under the same key.
            _log.warning("history_not_settled", key=item.key, error=str(away))
            return
        telemetry.CUSTOMER_HISTORY.labels("retry" if status == "waiting" else status).inc()
        if status == "dead":
            _log.error("history_dead", key=item.key, error=error)

    async def _try(self, item: Waiting) -> tuple[str, str | None]:
        """The status behind this attempt, and why."""
        try:
            subject, record = await self._read(item)
            if subject.contact is None or not subject.level:
                return "skipped", "the contact is not proved"
            done = await self._book.write(subject, record, key=item.key)
        except NotFound:
            return "skipped", "the conversation is gone"
        except (CustomerSystemError, BusError) as error:
            return "waiting", str(error)[:200]
        if done == "written":
            return "written", None
        reasons = {"unknown": "no such customer", "unsupported": "no history is kept there"}
        return "skipped", reasons[done]

    async def _read(self, item: Waiting) -> tuple[Subject, HistoryRecord]:
        conversation = ConversationId(item.conversation)
        head = await self._log.head(conversation)
        subject = Subject(conversation=head.id, contact=head.contact, level=head.level)
        entries = await self._log.entries(conversation, limit=_MOST_READ)
        end = next((entry for entry in entries if entry.seq == item.seq), None)
        left = read_return(end) if end is not None else None
        resolution = (left.decided if left else "") or (end.reason if end else "") or ""
        link = self._link(item.conversation)
        words = [e for e in entries if e.kind == "message" and e.seq <= item.seq]
        return subject, HistoryRecord(
            conversation=item.conversation, cause=item.cause, at=item.at,
            by=end.author.role if end is not None else "system",
            channel=head.address.channel if head.address else None,
            specialist=head.specialist, language=head.language,
            summary=mask_secrets(head.summary or _matter(words))[:_LONGEST],
            resolution=mask_secrets(resolution)[:_LONGEST], ticket=head.ticket,
            messages=len(words), links={"conversation": link} if link else {},
        )  # fmt: skip


def _matter(words: Sequence[Entry]) -> str:
    """What the customer came with, in their first words that say something."""
    said = (first_matter(one.text) for one in words if one.author.role == "customer")
    return next((text for text in said if text), "")
