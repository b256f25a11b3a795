"""What tests of people share: conversations as they stand, and a database to settle them in."""

from __future__ import annotations

from datetime import UTC, datetime

from core.archive.database import Database
from core.conversation import Head
from core.identity.claims import shown_by
from core.identity.people import SqlPeople
from core.identity.settling import settle
from core.ids import EntryId, new_conversation_id
from core.messages import Address, Author, Entry

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def head_of(contact: str | None, level: int, channel: str, chat: str = "1") -> Head:
    """A conversation that somebody begins there."""
    return Head(
        id=new_conversation_id(2), contact=contact, level=level, created_at=NOW, updated_at=NOW,
        address=Address(channel=channel, chat=chat),
    )  # fmt: skip


def note(reason: str, value: str, channel: str = "telegram", seq: int = 2) -> Entry:
    """A note of the house about who the customer is."""
    return Entry(
        id=EntryId(f"n{seq}"), kind="note", author=Author(role="system"), reason=reason,
        value=value, address=Address(channel=channel, chat="1"), seq=seq, at=NOW,
    )  # fmt: skip


async def settled(people: SqlPeople, head: Head, *notes: Entry) -> str:
    """The contact that the conversation is settled to."""
    async with people.writing() as connection:
        found = await settle(connection, head.id, shown_by(head, notes), {})
    assert found is not None
    return found


def people_of(database: Database) -> SqlPeople:
    """Everybody in it."""
    return SqlPeople(database)
