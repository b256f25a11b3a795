"""Tokens of people and programs, and customers' tokens that were called back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_tokens"
down_revision = "0010_customer_history"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("limits", sa.JSON, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        *(sa.Column(name, moment) for name in ("expires_at", "revoked_at", "last_used_at")),
    )
    op.create_table(
        "ended_customer_tokens",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("before", moment, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ended_customer_tokens")
    op.drop_table("access_tokens")
