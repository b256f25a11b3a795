"""Tables of tickets and of what happened to them. Above: `rows`, `writing`. Below: SQLAlchemy.

Migrations: `0003_customers_and_tickets` and the one named `…_ticket_links`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, MetaData, Table, Text
from sqlalchemy import Integer as Number

from core.archive.tables import UtcDateTime

metadata = MetaData()

# `folded` holds number, subject and text in one case: neither database folds every alphabet.
# `pauses` are the spans in which its clocks rest: [[since, until or null], …].
tickets = Table(
    "tickets",
    metadata,
    Column("number", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("conversation", Text, nullable=False),
    Column("contact", Text),
    Column("level", Number, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("assignee", Text),
    Column("origin", Text, nullable=False, server_default="api"),
    Column("duplicate_of", Text),
    Column("folded", Text, nullable=False, server_default=""),
    Column("pauses", JSON),
    Column("first_reply_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("tickets_conversation", "conversation"),
    Index("tickets_contact", "contact"),
    Index("tickets_state", "state", "updated_at"),
    Index("tickets_newest", "updated_at", "number"),
    Index("tickets_assignee", "assignee", "updated_at"),
)

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("position", Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("side", Text, nullable=False, server_default="desk"),
    Column("kind", Text, nullable=False, server_default="changed"),
    Column("internal", Boolean, nullable=False, server_default="0"),
    Column("note", Text, nullable=False),
    Column("state", Text),
    Column("priority", Text),
    Column("changes", JSON),
)

ticket_tags = Table(
    "ticket_tags",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("ticket_tags_tag", "tag"),
)

# Of which conversations a ticket is; `via` is the duplicate that brought one along.
ticket_conversations = Table(
    "ticket_conversations",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("conversation", Text, primary_key=True),
    Column("via", Text),
    Index("ticket_conversations_of", "conversation"),
)

# `kind`: duplicate_of, follow_up_of, related; read from the other end it has another name.
ticket_links = Table(
    "ticket_links",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    Index("ticket_links_other", "other"),
)
