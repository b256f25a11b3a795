"""Tables of privacy: tombstones, erasures with their reports, and the audit log.

Above: `tombstones`, `ledger`, `audit`. Below: SQLAlchemy. None of them holds what was erased: ids
are random or digests.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

# What must not come back: kind is `conversation`, `contact`, or `event` (the trace of one).
tombstones = Table(
    "tombstones",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("erasure", Text, nullable=False),
    Index("tombstones_at", "kind", "at"),
)

# One for each wish to be forgotten. `work` is what is still needed to end it, and empty after it.
erasures = Table(
    "erasures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contact", Text, nullable=False, unique=True),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("step", Text, nullable=False),
    Column("work", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Column("done_at", UtcDateTime),
    Index("erasures_done", "done_at"),
)

# Append-only: triggers refuse anything else. `hash` covers the line and the hash before it.
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("whom", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("before", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_log_at", "at"),
    Index("audit_log_whom", "whom", "at"),
)
