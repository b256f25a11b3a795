"""Settles whose the conversations are, behind the archive: no message waits for it.

Above: the role `archive`. Below: `settling`, `claims`, the log. `put_waiting` writes down which
conversations have news, in the same transaction as the archive writes that news; so whatever is
archived is settled, after a crash and after days without a database too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import and_, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.follower import Also
from core.archive.inserting import save_rows
from core.archive.tables import entries
from core.bus.journal import JournalRecord
from core.conversation import Head
from core.errors import ArchiveUnavailable, BusError, NotFound
from core.identity.claims import LINKED, SIGNED_IN, VERIFIED, is_proof, shown_by
from core.identity.people import SqlPeople
from core.identity.settling import settle
from core.identity.tables import waiting
from core.ids import ConversationId
from core.messages import Entry
from core.ports import Log
from core.runtime import Backoff, sleep_until

_log = structlog.get_logger("contacts")
_PAUSE_SECONDS = 1.0
_AT_ONCE = 50
# A process that ended between a proof and its note never writes the note.
_NOTE_COMES = timedelta(minutes=1)


async def put_waiting(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
    """Conversations in which a customer spoke, or something was proved."""
    now = datetime.now(UTC)
    names = {record.conversation for record in batch if record.entry and _tells(record.entry)}
    rows = [{"conversation": name, "at": now} for name in sorted(names)]
    await save_rows(connection, waiting, rows)


def with_waiting(also: Also) -> Also:
    """What `also` writes of a batch, and then the conversations that wait."""

    async def write(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
        await also(connection, batch)
        await put_waiting(connection, batch)

    return write


class ContactKeeper:
    """Service: any number may run."""

    name = "contacts"

    def __init__(self, people: SqlPeople, log: Log, *, pause: float = _PAUSE_SECONDS) -> None:
        self._people = people
        self._log = log
        self._pause = pause

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        backoff, failures = Backoff(), 0
        while not await sleep_until(stop, backoff.pause(failures) if failures else self._pause):
            try:
                while await self.look() == _AT_ONCE and not stop.is_set():
                    pass
                failures = 0
            except (ArchiveUnavailable, BusError, IntegrityError) as error:
                failures += 1
                _log.warning("contacts_not_settled", error=type(error).__name__)

    async def look(self) -> int:
        """Settle those that wait; returns how many were."""
        query = select(waiting).order_by(waiting.c.at).limit(_AT_ONCE)
        async with self._people.reading() as connection:
            rows = (await connection.execute(query)).all()
        return sum([await self._settle(row.conversation, row.at) for row in rows])

    async def _settle(self, conversation: str, at: datetime) -> bool:
        try:
            head = await self._log.head(ConversationId(conversation))
        except NotFound:
            head = None
        async with self._people.writing() as connection:
            if head is not None:
                said = await _notes(connection, conversation)
                if _is_ahead(head, said):
                    return False
                profile = {"language": head.language, "name": _name(said)}
                await settle(connection, conversation, shown_by(head, said), profile)
            # News since then has a later time: it waits on.
            rule = and_(waiting.c.conversation == conversation, waiting.c.at == at)
            await connection.execute(delete(waiting).where(rule))
        return True


def _is_ahead(head: Head, notes: Sequence[Entry]) -> bool:
    """True while the head knows of a proof whose note is still on its way to the archive: settled
    without it, who proved would be taken for somebody else than who was here before."""
    if not head.sealed or head.sealed_at is None:
        return False
    if any(is_proof(note) and note.seq >= head.sealed for note in notes):
        return False
    return datetime.now(UTC) - head.sealed_at < _NOTE_COMES


def _tells(entry: Entry) -> bool:
    return entry.author.role == "customer" or entry.reason in {LINKED, VERIFIED, SIGNED_IN}


def _name(said: Sequence[Entry]) -> str | None:
    names = (entry.author.name for entry in said if entry.author.role == "customer")
    return next((name[:200] for name in names if name), None)


async def _notes(connection: AsyncConnection, conversation: str) -> list[Entry]:
    """What was proved, and the customer's first word (for the name they give)."""
    mine = entries.c.conversation == conversation
    proved = select(entries.c.body).where(
        mine, entries.c.kind == "note", entries.c.role == "system"
    )
    first = select(entries.c.body).where(mine, entries.c.role == "customer")
    found = [
        *(await connection.execute(proved.order_by(entries.c.seq).limit(200))).scalars(),
        *(await connection.execute(first.order_by(entries.c.seq).limit(1))).scalars(),
    ]
    return [Entry.model_validate(body) for body in found]
