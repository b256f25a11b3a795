"""Tables of tokens. Above: `store`. Below: SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import JSON, Column, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)

# Customers' tokens are signed and not kept: those of a conversation that were issued before a time
# are no good any more.
ended_tokens = Table(
    "ended_customer_tokens",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("before", UtcDateTime, nullable=False),
)
