"""Table of the acts that wait for a person. Above: `store`. Below: SQLAlchemy.

Migration: `0003_customers_and_tickets`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("conversation", Text, nullable=False),
    Column("contact", Text),
    Column("level", Integer, nullable=False),
    Column("tool", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("comment", Text),
    Column("result", JSON),
    Column("announced_at", UtcDateTime),
    Index("approvals_status", "status", "asked_at"),
    Index("approvals_conversation", "conversation"),
)
