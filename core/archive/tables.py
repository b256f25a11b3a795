"""The archive's tables: conversations, their entries, and the receipts of turns.

Above: `follower` (writes), `reader` (reads). Below: SQLAlchemy. Migrations: `0002_archive` and
later ones.
Plain columns are what people filter by; `body` and `receipt` keep the whole as JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
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
    text,
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
    Index("conversations_newest", "updated_at", "id", "status", "owner", "channel", "specialist"),
    Index(
        "conversations_begun",
        "created_at",
        "channel",
        "language",
        "status",
        "owner",
        "updated_at",
        "id",
    ),
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
    # The words of the text, as `searching` folds them: neither database does so for all alphabets.
    Column("folded", Text, nullable=False),
    Column("body", JSON, nullable=False),
    # What is counted stands in columns: reading it from the JSON would take seconds.
    Column("action", Text),
    Column("value", Text),
    # An id is unique within its conversation, as `accept` sees to.
    Index("entries_event", "conversation", "event", unique=True),
    Index("entries_at", "at", "kind", "role"),
)
Index(
    "entries_acts", entries.c.action, entries.c.at, entries.c.role, entries.c.conversation,
    entries.c.seq, entries.c.value,
    sqlite_where=entries.c.action.is_not(None), postgresql_where=entries.c.action.is_not(None),
)  # fmt: skip
_ENDINGS = text("action IN ('close', 'rate')")
Index(
    "entries_endings", entries.c.conversation, entries.c.action, entries.c.seq, entries.c.at,
    sqlite_where=_ENDINGS, postgresql_where=_ENDINGS,
)  # fmt: skip

turns = Table(
    "turns",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("specialist", Text),
    Column("receipt", JSON, nullable=False),
    Column("intent", Text),
    Column("outcome", Text),
    Column("milliseconds", Float),
    Column("tokens", Integer),
    Column("cost", Float),
    # What went wrong: the turn failed, or did without the model.
    Column("fault", Text),
    Index("turns_at", "at"),
    Index(
        "turns_counted", "at", "specialist", "intent", "outcome", "milliseconds", "tokens", "cost"
    ),
)
Index(
    "turns_faults", turns.c.at, turns.c.fault,
    sqlite_where=turns.c.fault.is_not(None), postgresql_where=turns.c.fault.is_not(None),
)  # fmt: skip

# What people say triage got wrong. What is accepted is learned from.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("kind", Text),
    Column("specialist", Text),
    Column("intent", Text),
    Column("priority", Text),
    Column("sentiment", Text),
    Column("conversation", Text),
    Column("comment", Text),
    Column("status", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("reviewed_by", Text),
    Column("reviewed_at", UtcDateTime),
    Index("corrections_status", "status", "proposed_at"),
)

# Conversations as they stand: what a store that lost them, or that they left, brings them back
# from. `here_since` is null while one is not in the store; `rev` counts its changes. `tail` and
# `receipts` were not archived yet when this was written.
snapshots = Table(
    "snapshots",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("head", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("here_since", UtcDateTime),
    Column("rev", BigInteger, nullable=False, server_default="0"),
    Column("sends", JSON),
    Column("steps", JSON),
    Column("tail", JSON),
    Column("receipts", JSON),
)
_HERE = snapshots.c.here_since.is_not(None)
Index("snapshots_here", snapshots.c.conversation, sqlite_where=_HERE, postgresql_where=_HERE)

cases = Table(
    "cases",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("contact", Text),
    Column("reason", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("specialist", Text),
    Column("body", JSON, nullable=False),
    Index("cases_at", "at"),
    Index("cases_reason", "reason"),
)
