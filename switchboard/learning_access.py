"""What is learned from people, for the commands: over HTTP when a gateway runs, else in the stores.

Above: `commands.learning`. Below: `gateway`, `learning`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

from config.settings import Settings
from core.archive.corrections import SqlCorrections, Verdict
from core.archive.database import Database
from core.archive.knowledge_reviews import KnowledgeReviews
from core.learning.autonomy import Mode
from core.learning.reviews import Acceptance
from switchboard.attach import attach_database, read_settings
from switchboard.corrections import show_correction
from switchboard.gateway import GatewayClient, find_gateway, open_gateway
from switchboard.learning import LearningDesk, accept_review, open_autonomy, show_review

_BY = "command line"
_MOST = 200


class Access(Protocol):
    """What the commands need; all results are plain JSON values."""

    async def reviews(self, status: str) -> list[dict[str, Any]]:
        """Proposals of a status (`open`, `all`, …), oldest first."""
        ...

    async def accept(self, identifier: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Make it an article."""
        ...

    async def reject(self, identifier: str) -> dict[str, Any]:
        """Do not."""
        ...

    async def autonomy(self) -> dict[str, Any]:
        """Who answers what."""
        ...

    async def set_mode(self, intent: str, mode: Mode, why: str) -> dict[str, Any]:
        """A person's word."""
        ...

    async def decide(
        self, identifier: str, status: Literal["applied", "dismissed"]
    ) -> dict[str, Any]:
        """About a suggestion."""
        ...

    async def report(self, week: str | None) -> dict[str, Any]:
        """Of a week, or of the last whole one."""
        ...

    async def corrections(self, status: str) -> list[dict[str, Any]]:
        """Wrong routes of a status (`all`: every one), oldest first."""
        ...

    async def judge(self, identifier: str, verdict: Verdict) -> dict[str, Any]:
        """Learn from one, or do not."""
        ...


@asynccontextmanager
async def open_access(
    *, data: Path | None, url: str | None, token: str | None
) -> AsyncGenerator[Access]:
    """The way that these options name."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is not None:
        async with open_gateway(place) as client:
            yield RemoteAccess(client)
        return
    async with attach_database(settings) as database:
        yield DirectAccess(settings, database)


class RemoteAccess:
    """Over a gateway's API."""

    def __init__(self, client: GatewayClient) -> None:
        self._client = client

    async def reviews(self, status: str) -> list[dict[str, Any]]:
        """See `Access`."""
        query = {"status": status, "limit": _MOST}
        return (await self._client.call("GET", "/knowledge/drafts", query=query))["drafts"]

    async def accept(self, identifier: str, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Access`."""
        path = f"/knowledge/drafts/{quote(identifier, safe='')}/accept"
        return await self._client.call("POST", path, body=fields)

    async def reject(self, identifier: str) -> dict[str, Any]:
        """See `Access`."""
        path = f"/knowledge/drafts/{quote(identifier, safe='')}/reject"
        return await self._client.call("POST", path, body={})

    async def autonomy(self) -> dict[str, Any]:
        """See `Access`."""
        return await self._client.call("GET", "/autonomy", query={"limit": _MOST})

    async def set_mode(self, intent: str, mode: Mode, why: str) -> dict[str, Any]:
        """See `Access`."""
        body = {"intent": intent, "mode": mode, "why": why}
        return await self._client.call("POST", "/autonomy", body=body)

    async def decide(
        self, identifier: str, status: Literal["applied", "dismissed"]
    ) -> dict[str, Any]:
        """See `Access`."""
        act = "apply" if status == "applied" else "dismiss"
        path = f"/autonomy/changes/{quote(identifier, safe='')}/{act}"
        return await self._client.call("POST", path, body={})

    async def report(self, week: str | None) -> dict[str, Any]:
        """See `Access`."""
        query = {"week": week} if week else {}
        return await self._client.call("GET", "/reports/weekly", query=query)

    async def corrections(self, status: str) -> list[dict[str, Any]]:
        """See `Access`."""
        query = {"status": status, "limit": _MOST}
        return (await self._client.call("GET", "/triage/corrections", query=query))["corrections"]

    async def judge(self, identifier: str, verdict: Verdict) -> dict[str, Any]:
        """See `Access`."""
        act = "accept" if verdict == "accepted" else "reject"
        path = f"/triage/corrections/{quote(identifier, safe='')}/{act}"
        return await self._client.call("POST", path, body={})


class DirectAccess:
    """In the database, while no gateway runs."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._stored = KnowledgeReviews(database)
        self._desk = LearningDesk(database, open_autonomy(settings, database))

    async def reviews(self, status: str) -> list[dict[str, Any]]:
        """See `Access`."""
        found = await self._stored.list(status=None if status == "all" else status, limit=_MOST)
        return [show_review(item) for item in found]

    async def accept(self, identifier: str, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Access`."""
        from kb.open import open_knowledge

        how = Acceptance.model_validate(fields)
        settings = self._settings.knowledge_settings
        async with open_knowledge(settings, self._database) as knowledge:
            done = await accept_review(self._stored, knowledge, identifier, how, by=_BY)
        return show_review(done)

    async def reject(self, identifier: str) -> dict[str, Any]:
        """See `Access`."""
        return show_review(await self._stored.reject(identifier, by=_BY))

    async def autonomy(self) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.autonomy(limit=_MOST)

    async def set_mode(self, intent: str, mode: Mode, why: str) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.set_mode(intent, mode, why=why, by=_BY)

    async def decide(
        self, identifier: str, status: Literal["applied", "dismissed"]
    ) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.decide_change(identifier, status, by=_BY)

    async def report(self, week: str | None) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.weekly_report(week)

    async def corrections(self, status: str) -> list[dict[str, Any]]:
        """See `Access`."""
        book = SqlCorrections(self._database)
        found = await book.list(status=None if status == "all" else status, limit=_MOST)
        return [show_correction(item) for item in found]

    async def judge(self, identifier: str, verdict: Verdict) -> dict[str, Any]:
        """See `Access`."""
        book = SqlCorrections(self._database)
        return show_correction(await book.review(identifier, verdict, by=_BY))
