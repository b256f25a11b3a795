"""Tables of customers' history and of what waits to be told. Above: `sql`, `outbox`.

Below: SQLAlchemy. Migration: see `core/archive/migrations/versions` (`customer_history`).
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

customer_history = Table(
    "customer_history",
    metadata,
    Column("key", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
    Index("customer_history_newest", "customer", "at"),
)

# What is to be told to the system of customers. `leased_until`: a writer is at it.
history_outbox = Table(
    "history_outbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("leased_until", UtcDateTime),
    Column("last_error", Text),
    Column("done_at", UtcDateTime),
    Index("history_outbox_due", "status", "due_at"),
)
