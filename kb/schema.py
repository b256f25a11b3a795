"""The tables of the knowledge base. Created by `core/archive/migrations`.

Above: `kb.truth`. Below: SQLAlchemy.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

# `stamp` is the knowledge version of the row's last change: a process that knows version N reads
# the documents stamped above N.
documents = Table(
    "knowledge_documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False, index=True),
    Column("content_hash", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("category", Text),
    Column("language", Text, nullable=False),
    Column("translation_of", Text),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

passages = Table(
    "knowledge_passages",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "document_id",
        Text,
        ForeignKey("knowledge_documents.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("ordinal", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
)

# Little-endian float32, unit length. One row for each model, so that two processes which embed
# with different models (during an upgrade) do not take each other's vectors away.
vectors = Table(
    "knowledge_vectors",
    metadata,
    Column(
        "passage_id",
        Text,
        ForeignKey("knowledge_passages.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("model", Text, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

calibrations = Table(
    "knowledge_calibrations",
    metadata,
    Column("model", Text, primary_key=True),
    Column("knowledge_version", BigInteger, nullable=False),
    Column("data", JSON, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

state = Table(
    "knowledge_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
