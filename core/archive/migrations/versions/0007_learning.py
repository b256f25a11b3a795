"""Learning: what became of drafts, knowledge to review, who may answer what, weekly reports."""

import sqlalchemy as sa
from alembic import op

revision = "0007_learning"
down_revision = "0006_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "drafts",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("specialist", sa.Text),
        sa.Column("intent", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("similarity", sa.Float),
        sa.Column("by_button", sa.Boolean, nullable=False),
        sa.Column("settled_at", moment),
    )
    op.create_index("drafts_at", "drafts", ["at"])
    op.create_table(
        "autonomy_changes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", moment),
    )
    op.create_index("autonomy_changes_at", "autonomy_changes", ["at"])
    op.create_table(
        "knowledge_reviews",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False, unique=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("conversation", sa.Text),
        sa.Column("entry", sa.Text),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("screening", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", moment, nullable=False),
        sa.Column("reviewed_by", sa.Text),
        sa.Column("reviewed_at", moment),
        sa.Column("document", sa.Text),
    )
    op.create_index("knowledge_reviews_status", "knowledge_reviews", ["status", "proposed_at"])
    op.create_index("knowledge_reviews_fingerprint", "knowledge_reviews", ["fingerprint"])
    op.create_table(
        "reports",
        sa.Column("week", sa.Text, primary_key=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("posting", sa.Text),
        sa.Column("posted_at", moment),
        sa.Column("posted_as", sa.Text),
    )


def downgrade() -> None:
    for table in ("reports", "knowledge_reviews", "autonomy_changes", "drafts"):
        op.drop_table(table)
