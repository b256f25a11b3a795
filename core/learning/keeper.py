"""Looks every hour at how drafts fared, and suggests (or does) what the figures speak for.

Above: the role archive. Below: `autonomy`, `core.archive.autonomy`, `core.archive.drafts`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from core.archive.autonomy import SqlAutonomy
from core.archive.database import Database
from core.archive.drafts import by_intent, read_draft_figures
from core.learning.autonomy import Change, judge_intents, may_apply
from core.runtime import keep_looking

_log = structlog.get_logger("autonomy")
_HOUR = 3600.0


class AutonomyKeeper:
    """Service: one is enough; a second one finds the first one's suggestions and rests."""

    name = "autonomy"

    def __init__(
        self, database: Database, autonomy: SqlAutonomy, *, look_seconds: float = _HOUR
    ) -> None:
        self._database = database
        self._autonomy = autonomy
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        await keep_looking(
            stop, self._look_seconds, self.look,
            lambda error: _log.warning("autonomy_not_looked_at", error=error),
        )  # fmt: skip

    async def look(self, now: datetime | None = None) -> list[Change]:
        """What was suggested or done."""
        now, rules = now or datetime.now(UTC), self._autonomy.rules
        since = now - timedelta(days=rules.measured.days)
        tallies = by_intent(await read_draft_figures(self._database, since=since))
        complaints = await self._autonomy.complaints(since)
        changes = await self._autonomy.changes()
        made: list[Change] = []
        for judged in judge_intents(rules, changes, tallies, complaints, now):
            applied = may_apply(judged, rules, changes)
            made.append(await self._autonomy.record(judged, applied=applied))
            _log.info("autonomy_judged", intent=judged.intent, after=judged.after, applied=applied)
        return made
