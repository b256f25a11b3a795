"""Statistics counted in advance: figures by hour, day and month, and which of them are stale."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_rollup"
down_revision = "0014_standings"
branch_labels = None
depends_on = None

# Compared letter by letter: other orders pass over blanks and hyphens.
_NAME = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_ENDINGS = sa.text("action IN ('close', 'rate')")
_FAULT = sa.text("fault IS NOT NULL")
_HOURS = ("conversations", "customer", "ai", "human_agent", "cases", "turns", "tokens", "micros")
_FILL = {
    "sqlite": "UPDATE turns SET fault = substr(coalesce(json_extract(receipt, '$.error'),"
    " json_extract(receipt, '$.fallback')), 1, 100)",
    "postgresql": "UPDATE turns SET fault = substr(coalesce(receipt->>'error',"
    " receipt->>'fallback'), 1, 100)",
}
_HOUR = {
    "sqlite": "substr({at}, 1, 13)",
    "postgresql": "to_char(timezone('UTC', {at}), 'YYYY-MM-DD HH24')",
}


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("turns", sa.Column("fault", sa.Text))
    op.execute(_FILL[dialect])
    op.create_index(
        "turns_faults", "turns", ["at", "fault"], sqlite_where=_FAULT, postgresql_where=_FAULT
    )
    op.create_index(
        "entries_endings", "entries", ["conversation", "action", "seq", "at"],
        sqlite_where=_ENDINGS, postgresql_where=_ENDINGS,
    )  # fmt: skip
    op.create_table(
        "rolled_figures",
        sa.Column("period", _NAME, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("measure", "a", "b")),
        *_counts("n", "milliseconds", "tokens", "micros"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rolled_hours", sa.Column("hour", _NAME, primary_key=True), *_counts(*_HOURS),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "stale_periods",
        sa.Column("period", _NAME, primary_key=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
    # What is there already is counted by and by.
    columns = (("entries", "at"), ("turns", "at"), ("cases", "at"), ("conversations", "created_at"))
    hours = " UNION ".join(
        f"SELECT {_HOUR[dialect].format(at=at)} AS period FROM {table}"  # noqa: S608
        for table, at in columns
    )
    op.execute(
        f"INSERT INTO stale_periods SELECT period, CURRENT_TIMESTAMP FROM ({hours}) AS hours"  # noqa: S608
    )


def downgrade() -> None:
    for table in ("stale_periods", "rolled_hours", "rolled_figures"):
        op.drop_table(table)
    op.drop_index("entries_endings", "entries")
    op.drop_index("turns_faults", "turns")
    op.drop_column("turns", "fault")
