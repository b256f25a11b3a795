"""Privacy for the doors, the roles and the commands: erasures, exports, retention, the audit log.

Above: `wiring`, `doors`, `roles`, `privacy_access`. Below: `core.privacy`, the opened parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from core.access.keeper import call_back
from core.access.store import AccessStore
from core.archive.database import Database
from core.bus.access import AccessFeed
from core.bus.connect import Bus
from core.bus.graves import Graves
from core.errors import NotFound
from core.files.library import Files
from core.messages import format_time
from core.privacy.audit import SqlAudit
from core.privacy.erasure import Eraser, Hands
from core.privacy.export import Export, Exports, Sources
from core.privacy.ledger import Erasure, Ledger
from core.privacy.resuming import PrivacyKeeper
from core.privacy.retention import Retention

if TYPE_CHECKING:
    from switchboard.wiring import Parts

_LONGEST = 200


class PrivacyDesk:
    """`channels.rest.ports.PrivacyDoor`: what the doors and commands ask."""

    def __init__(
        self, eraser: Eraser, exports: Exports, audit: SqlAudit, retention: Retention
    ) -> None:
        self.eraser = eraser
        self.exports = exports
        self.audit = audit
        self.retention = retention

    async def erase(self, contact: str, *, by: str, origin: str) -> dict[str, Any]:
        """See the port."""
        return show_erasure(await self.eraser.begin(contact[:_LONGEST], by=by, origin=origin))

    async def preview(self, contact: str) -> dict[str, Any]:
        """See the port."""
        return await self.eraser.preview(contact[:_LONGEST])

    async def erasure(self, identifier: str) -> dict[str, Any]:
        """See the port."""
        found = await self.eraser.find(identifier[:_LONGEST])
        if found is None:
            raise NotFound("no such erasure")
        return show_erasure(found)

    async def export(self, contact: str, *, by: str, origin: str) -> dict[str, Any]:
        """See the port."""
        made = await self.exports.make(contact[:_LONGEST])
        await self.audit.record(
            by, "contact.export", contact[:_LONGEST], origin=origin, details={"bytes": made.size}
        )
        return show_export(made)

    def exported(self, identifier: str) -> Path:
        """See the port."""
        return self.exports.find(identifier)[1]

    async def lines(
        self, *, whom: str | None, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """See the port."""
        found = await self.audit.list(whom=whom, before=before, limit=limit)
        return [line.public() for line in found]

    async def verify(self) -> dict[str, Any]:
        """See the port."""
        return (await self.audit.verify()).model_dump()


def open_privacy(
    settings: Settings, bus: Bus, database: Database, files: Files, *, secret: str
) -> PrivacyDesk:
    """All of it over these stores."""
    graves = Graves(bus)
    audit = SqlAudit(database, secret)
    exports = Exports(
        Sources(database, graves, bus.log, files), settings.data / "exports",
        hours=settings.privacy.export_hours,
    )  # fmt: skip
    hands = Hands(
        database, graves, audit, files=files, forget_exports=exports.forget,
        forget_articles=_Articles(database).forget,
        forget_learned=lambda: _forget_learned(settings.data / "engine"),
        outside=outside_systems(settings),
        end_tokens=partial(call_back, AccessStore(database), AccessFeed(bus.calls, bus.reading)),
    )  # fmt: skip
    retention = Retention(database, graves, settings.privacy, files)
    return PrivacyDesk(Eraser(hands), exports, audit, retention)


def attach_privacy(parts: Parts) -> None:
    """Open it for a process; from now on no file of an erased conversation is kept."""
    from switchboard.wiring import need

    files = need(parts.files).files
    files.refuse_erased(Ledger(parts.database).is_entombed)
    parts.privacy = open_privacy(
        parts.settings, parts.bus, parts.database, files, secret=parts.secret
    )


def privacy_keeper(parts: Parts) -> PrivacyKeeper:
    """The service of the role `archive`."""
    from switchboard.wiring import need

    desk = need(parts.privacy)
    late = parts.settings.privacy.late_days
    return PrivacyKeeper(desk.eraser, desk.retention, desk.exports, late_days=late)


def outside_systems(settings: Settings) -> list[str]:
    """Where an erasure does not reach: people have to look there."""
    found = [
        (
            settings.slack.is_configured,
            "Slack: delete the posts of `slack_posts` that are `by_hand`",
        ),
        (settings.email.is_configured, "mail: delete the person's mails in the mailbox and Sent"),
        (settings.telegram.is_configured, "Telegram: the chat stays with the person"),
        (settings.crm.url is not None, "CRM: delete the customer there"),
        (bool(settings.model_settings.providers), "model server: its own logs, if it keeps any"),
        (True, "backups and receivers of webhooks: see docs/privacy.md"),
    ]
    return [text for there, text in found if there]


def show_erasure(erasure: Erasure) -> dict[str, Any]:
    """As REST and the command show it."""
    return {
        "id": erasure.id, "contact": erasure.contact, "asked_by": erasure.asked_by,
        "asked_at": format_time(erasure.asked_at), "step": erasure.step,
        "done_at": format_time(erasure.done_at) if erasure.done_at else None,
        "report": erasure.report,
    }  # fmt: skip


def show_export(made: Export) -> dict[str, Any]:
    """As REST and the command show it."""
    from datetime import UTC, datetime

    return {
        "id": made.id, "url": f"/api/v1/exports/{made.id}", "bytes": made.size,
        "expires_at": format_time(datetime.fromtimestamp(made.ends_at, UTC)),
        "counts": made.counts,
    }  # fmt: skip


def _forget_learned(folder: Path) -> int:
    """What triage learned is trained again from what is left."""
    count = 0
    for path in folder.glob("triage-*.npz"):
        path.unlink(missing_ok=True)
        count += 1
    return count


class _Articles:
    """Articles of the knowledge base, taken away by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, documents: Sequence[str]) -> int:
        """How many there were."""
        if not documents:
            return 0
        from kb.truth import Truth

        known = {item.id for item in await Truth(self._database).list_documents()}
        there = [name for name in documents if name in known]
        if there:
            await Truth(self._database).write((), model="", remove=there)
        return len(there)
