"""Tombstones of what was erased, erasures, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_privacy"
down_revision = "0016_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tombstones",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("erasure", sa.Text, nullable=False),
    )
    op.create_index("tombstones_at", "tombstones", ["kind", "at"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contact", sa.Text, nullable=False, unique=True),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("work", sa.JSON, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("done_at", moment),
    )
    op.create_index("erasures_done", "erasures", ["done_at"])
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("whom", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("audit_log_at", "audit_log", ["at"])
    op.create_index("audit_log_whom", "audit_log", ["whom", "at"])


def downgrade() -> None:
    for table in ("audit_log", "erasures", "tombstones"):
        op.drop_table(table)
