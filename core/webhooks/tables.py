"""Tables of outgoing webhooks. Above: `store`, `outbox`. Below: SQLAlchemy.

Migration: `0009_webhooks`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("disabled_why", Text),
)

# What is to be told to whom. `leased_until`: a sender is at it.
deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("leased_until", UtcDateTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("done_at", UtcDateTime),
    Index("webhook_deliveries_due", "status", "due_at"),
    Index("webhook_deliveries_newest", "webhook", "created_at"),
)
