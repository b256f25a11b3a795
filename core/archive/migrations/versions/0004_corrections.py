"""Corrections of triage."""

import sqlalchemy as sa
from alembic import op

revision = "0004_corrections"
down_revision = "0003_customers_and_tickets"
branch_labels = None
depends_on = None

_WORDS = ("kind", "specialist", "intent", "priority", "sentiment", "conversation", "comment")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "corrections",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in _WORDS),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", moment, nullable=False),
        sa.Column("reviewed_by", sa.Text),
        sa.Column("reviewed_at", moment),
    )
    op.create_index("corrections_status", "corrections", ["status", "proposed_at"])


def downgrade() -> None:
    op.drop_table("corrections")
