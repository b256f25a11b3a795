"""The archive: conversations, entries, receipts of turns."""

import sqlalchemy as sa
from alembic import op

revision = "0002_archive"
down_revision = "0001_knowledge"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text),
        sa.Column("account", sa.Text),
        sa.Column("chat", sa.Text),
        sa.Column("contact", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("specialist", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("sentiment", sa.Text),
        sa.Column("priority", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("ticket", sa.Text),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("tokens_used", sa.Integer, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
    )
    op.create_index("conversations_newest", "conversations", ["updated_at", "id"])
    op.create_index("conversations_contact", "conversations", ["contact"])
    op.create_table(
        "entries",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("specialist", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("entries_event", "entries", ["conversation", "event"], unique=True)
    op.create_table(
        "turns",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("specialist", sa.Text),
        sa.Column("receipt", sa.JSON, nullable=False),
    )
    op.create_index("turns_at", "turns", ["at"])


def downgrade() -> None:
    for table in ("turns", "entries", "conversations"):
        op.drop_table(table)
