"""The archive's tables: conversations, their entries, and the receipts of turns.

Above: `follower` (writes), `reader` (reads). Below: SQLAlchemy. Migration: `0002_archive`.
Plain columns are what people filter by; `body` and `receipt` keep the whole as JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both sides; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC before it is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again when it is read."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text),
    Column("account", Text),
    Column("chat", Text),
    Column("contact", Text),
    Column("status", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("specialist", Text),
    Column("language", Text),
    Column("sentiment", Text),
    Column("priority", Text),
    Column("summary", Text),
    Column("ticket", Text),
    Column("entries", Integer, nullable=False),
    Column("tokens_used", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("conversations_newest", "updated_at", "id"),
    Index("conversations_contact", "contact"),
)

entries = Table(
    "entries",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("event", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("specialist", Text),
    Column("text", Text, nullable=False),
    # Case-folded text: neither database folds other alphabets than the Latin one by itself.
    Column("folded", Text, nullable=False),
    Column("body", JSON, nullable=False),
    # An id is unique within its conversation, as `accept` sees to.
    Index("entries_event", "conversation", "event", unique=True),
)

turns = Table(
    "turns",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("specialist", Text),
    Column("receipt", JSON, nullable=False),
    Index("turns_at", "at"),
)
