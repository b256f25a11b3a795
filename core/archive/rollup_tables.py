"""Tables of what was counted in advance. Above: `rollup`, `rolling`. Below: SQLAlchemy. Migration:
`*_rollup`.

A period is named by the beginning of a time: `2026-01-31 09` an hour, `2026-01-31` a day, `2026-01`
a month, all in UTC. A period is stale while its name, or a longer one that begins with it, stands
in `stale_periods`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from core.archive.tables import UtcDateTime

metadata = MetaData()
HOUR_COLUMNS = (
    "conversations", "customer", "ai", "human_agent", "cases", "turns", "tokens", "micros",
)  # fmt: skip

# What happened in a period, by kind of figure. What `a` and `b` name is told in `counting`.
rolled_figures = Table(
    "rolled_figures",
    metadata,
    Column("period", Text, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("a", Text, primary_key=True),
    Column("b", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    # Money in millionths, so that sums are the same in whatever order they are made.
    Column("micros", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# One row for each hour in which something happened: for plots and forecasts.
rolled_hours = Table(
    "rolled_hours",
    metadata,
    Column("hour", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in HOUR_COLUMNS),
    sqlite_with_rowid=False,
)  # fmt: skip

# What must be counted again; marked in the transaction that changed it.
stale_periods = Table(
    "stale_periods",
    metadata,
    Column("period", Text, primary_key=True),
    Column("marked_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
