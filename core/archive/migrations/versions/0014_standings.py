"""What a lost store is rebuilt from: snapshots, addresses, the lives of the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_standings"
down_revision = "0013_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("snapshots", sa.Column("rev", sa.BigInteger, nullable=False, server_default="0"))
    for name in ("sends", "steps", "tail", "receipts"):
        op.add_column("snapshots", sa.Column(name, sa.JSON))
    op.create_table(
        "addresses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("conversation", sa.Text, nullable=False),
    )
    op.create_index("ix_addresses_conversation", "addresses", ["conversation"])
    op.create_table(
        "store_lives",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("incarnation", sa.Text, nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("mark", sa.BigInteger, nullable=False),
        sa.Column("written_at", moment),
        sa.Column("conversations", sa.Integer, nullable=False),
        sa.Column("addresses", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("kept_until", moment),
    )


def downgrade() -> None:
    op.drop_table("store_lives")
    op.drop_table("addresses")
    with op.batch_alter_table("snapshots") as table:
        for name in ("rev", "sends", "steps", "tail", "receipts"):
            table.drop_column(name)
