"""What became of conversations, in the history of customers, and what waits to be told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_customer_history"
down_revision = "0009_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "customer_history",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("customer_history_newest", "customer_history", ["customer", "at"])
    op.create_table(
        "history_outbox",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(sa.Column(name, moment) for name in ("due_at", "leased_until", "done_at")),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("history_outbox_due", "history_outbox", ["status", "due_at"])


def downgrade() -> None:
    op.drop_table("history_outbox")
    op.drop_table("customer_history")
