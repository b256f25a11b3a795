"""Tables of what a lost store is rebuilt from, beside the snapshots. Above: `standings`, `lives`.
Below: SQLAlchemy. The migration adds columns to `snapshots` too.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()

# Where addresses led; `key` is the one in the store.
addresses = Table(
    "addresses",
    metadata,
    Column("key", Text, primary_key=True),
    Column("conversation", Text, nullable=False, index=True),
)

# The lives of the store: each loss begins a new one. `mark` grows with all that is written here and
# is repeated in the store; the newest life counts.
store_lives = Table(
    "store_lives",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("incarnation", Text, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("written_at", UtcDateTime),
    Column("conversations", Integer, nullable=False),
    Column("addresses", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("kept_until", UtcDateTime),
)
