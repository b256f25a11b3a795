"""Tables of people. Above: `people`, `merging`, `keeper`. Below: SQLAlchemy.

An identity's `key` is unique: what is proved belongs to one contact. A bare claim has a key of its
own, so that it never meets the identity it claims to be. `contact_waiting` names conversations
whose contact is to be settled (again).
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("language", Text),
    Column("email", Text),
    Column("notes", Text),
    Column("attributes", JSON, nullable=False),
    # Case-folded name and address, for the search.
    Column("folded", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("merged_into", Text),
    Index("contacts_newest", "updated_at", "id"),
    Index("contacts_merged", "merged_into"),
)

identities = Table(
    "contact_identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("proved_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Index("contact_identities_key", "key", unique=True),
    Index("contact_identities_contact", "contact"),
    Index("contact_identities_name", "name"),
)

conversations_of = Table(
    "contact_conversations",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("contact", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("contact_conversations_contact", "contact"),
)

merges = Table(
    "contact_merges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kept", Text, nullable=False),
    Column("gone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("reason", Text),
    Column("by", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", UtcDateTime),
    Column("moved", JSON, nullable=False),
    Index("contact_merges_kept", "kept"),
    Index("contact_merges_gone", "gone"),
)

waiting = Table(
    "contact_waiting",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
