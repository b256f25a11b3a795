"""Conversations that left the session bus."""

import sqlalchemy as sa
from alembic import op

revision = "0005_snapshots"
down_revision = "0004_corrections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshots",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("head", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("here_since", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("snapshots")
