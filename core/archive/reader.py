"""The archive's reader: lists and searches conversations, and gives back what the bus forgot.

Above: `GET /conversations`, history of a contact. Below: `database`, `tables`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select

from core.archive.database import Database
from core.archive.searching import says
from core.archive.tables import cases, conversations, entries, turns
from core.errors import InputError
from core.escalation.case import Case
from core.identity.tables import conversations_of
from core.messages import Entry, format_time

_LONGEST_QUERY = 200
_MOST = 200


@dataclass(frozen=True)
class Page:
    """Some items, newest first, and the cursor to the rest (None: that was all)."""

    items: list[dict[str, Any]]
    next: str | None


class ArchiveReader:
    """Reads what the follower wrote; it lags the log by a moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_conversations(
        self, *, status: str | None = None, owner: str | None = None, channel: str | None = None,
        specialist: str | None = None, contact: str | None = None, q: str | None = None,
        cursor: str | None = None, limit: int = 50, person: str | None = None,
    ) -> Page:  # fmt: skip
        """Conversations that match all filters; `q` is looked for in what was said, any case.
        `contact` is what heads call somebody, `person` the id of a contact: what is settled to be
        theirs, and what names them by that id."""
        wanted = {
            "status": status, "owner": owner, "channel": channel, "specialist": specialist,
            "contact": contact,
        }  # fmt: skip
        rules: list[ColumnElement[bool]] = [
            conversations.c[name] == value for name, value in wanted.items() if value is not None
        ]
        if person is not None:
            mine = conversations_of.c.contact == person
            theirs = select(conversations_of.c.conversation).where(mine)
            rules.append(or_(conversations.c.id.in_(theirs), conversations.c.contact == person))
        if cursor:
            rules.append(_before(cursor))
        limit = max(1, min(limit, _MOST))
        newest = (conversations.c.updated_at.desc(), conversations.c.id.desc())
        async with self._database.read() as connection:
            if q and q.strip():
                rules.append(await says(connection, q.strip()[:_LONGEST_QUERY]))
            query = select(conversations).where(*rules).order_by(*newest).limit(limit + 1)
            rows = (await connection.execute(query)).mappings().all()
        return Page([_show(row) for row in rows[:limit]], _next(rows, limit))

    async def conversation(self, conversation: str) -> dict[str, Any] | None:
        """One conversation, or None."""
        query = select(conversations).where(conversations.c.id == conversation)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _show(row)

    async def entries(self, conversation: str, *, after: int = 0, limit: int = 500) -> list[Entry]:
        """Entries with a sequence above `after`, in order."""
        query = (
            select(entries.c.body)
            .where(entries.c.conversation == conversation, entries.c.seq > after)
            .order_by(entries.c.seq)
            .limit(limit)
        )
        async with self._database.read() as connection:
            bodies = (await connection.execute(query)).scalars().all()
        return [Entry.model_validate(body) for body in bodies]

    async def receipt(self, conversation: str, seq: int) -> dict[str, Any] | None:
        """The receipt of the answer that begins at `seq`."""
        query = select(turns.c.receipt).where(
            turns.c.conversation == conversation, turns.c.seq == seq
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def cases(
        self, *, conversation: str | None = None, reason: str | None = None, limit: int = 50
    ) -> list[Case]:
        """Hand-overs, newest first; of one conversation, or for one reason."""
        wanted = {"conversation": conversation, "reason": reason}
        rules = [cases.c[name] == value for name, value in wanted.items() if value is not None]
        newest = (cases.c.at.desc(), cases.c.conversation.desc(), cases.c.seq.desc())
        query = (
            select(cases.c.body).where(*rules).order_by(*newest).limit(max(1, min(limit, _MOST)))
        )
        async with self._database.read() as connection:
            bodies = (await connection.execute(query)).scalars().all()
        return [Case.model_validate(body) for body in bodies]


def _before(cursor: str) -> ColumnElement[bool]:
    """Older than the last row of the page before."""
    try:
        stamp, identifier = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        moment = datetime.fromisoformat(stamp)
    except (ValueError, binascii.Error) as error:
        raise InputError("cursor: not one of ours", code="invalid_cursor") from error
    return or_(
        conversations.c.updated_at < moment,
        and_(conversations.c.updated_at == moment, conversations.c.id < identifier),
    )


def _next(rows: Sequence[RowMapping], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    text = f"{last['updated_at'].astimezone(UTC).isoformat()}|{last['id']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _show(row: RowMapping) -> dict[str, Any]:
    """The shape of `GET /conversations/{id}`."""
    shape: dict[str, Any] = dict(row)
    del shape["account"], shape["chat"]
    for name in ("created_at", "updated_at"):
        shape[name] = format_time(shape[name])
    return shape
