"""Cases: conversations that were handed over to a person, with what that person must know."""

import sqlalchemy as sa
from alembic import op

revision = "0006_cases"
down_revision = "0005_snapshots"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.Text),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("reason", "rule", "priority", "language")
        ),
        sa.Column("specialist", sa.Text),
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("cases_at", "cases", ["at"])
    op.create_index("cases_reason", "cases", ["reason"])


def downgrade() -> None:
    op.drop_table("cases")
