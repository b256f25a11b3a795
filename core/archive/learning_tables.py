"""Tables of what is learned from people. Above: `drafts`, `autonomy`, `knowledge_reviews`,
`reports`. Below: SQLAlchemy. Migration: `0007_learning`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

# What became of each draft; written anew whenever its conversation goes on.
drafts = Table(
    "drafts",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("specialist", Text),
    Column("intent", Text),
    Column("language", Text),
    Column("outcome", Text, nullable=False),
    Column("similarity", Float),
    Column("by_button", Boolean, nullable=False),
    Column("settled_at", UtcDateTime),
    Index("drafts_at", "at"),
)

# Who may answer what: each change, or suggestion of one; the last applied change counts.
autonomy_changes = Table(
    "autonomy_changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("intent", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Index("autonomy_changes_at", "at"),
)

# Answers of people that were put forward for the knowledge base. `source` makes a repeat of the
# same wish recognisable.
knowledge_reviews = Table(
    "knowledge_reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False, unique=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("category", Text),
    Column("conversation", Text),
    Column("entry", Text),
    Column("fingerprint", Text, nullable=False),
    Column("screening", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("reviewed_by", Text),
    Column("reviewed_at", UtcDateTime),
    Column("document", Text),
    Index("knowledge_reviews_status", "status", "proposed_at"),
    Index("knowledge_reviews_fingerprint", "fingerprint"),
)

# Weekly reports as they were made; `posting` is where one is being posted to.
reports = Table(
    "reports",
    metadata,
    Column("week", Text, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
    Column("posting", Text),
    Column("posted_at", UtcDateTime),
    Column("posted_as", Text),
)
