"""People: contacts, their identities and conversations, and merges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_people"
down_revision = "0012_ticket_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text) for name in ("name", "language", "email", "notes")),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("merged_into", sa.Text),
    )
    op.create_index("contacts_newest", "contacts", ["updated_at", "id"])
    op.create_index("contacts_merged", "contacts", ["merged_into"])
    op.create_table(
        "contact_identities",
        sa.Column("id", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("key", "contact", "channel", "account", "value", "name")
        ),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("proved_at", moment),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("contact_identities_key", "contact_identities", ["key"], unique=True)
    op.create_index("contact_identities_contact", "contact_identities", ["contact"])
    op.create_index("contact_identities_name", "contact_identities", ["name"])
    op.create_table(
        "contact_conversations",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("contact_conversations_contact", "contact_conversations", ["contact"])
    op.create_table(
        "contact_merges",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kept", "gone", "state")),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("at", moment, nullable=False),
        sa.Column("undone_by", sa.Text),
        sa.Column("undone_at", moment),
        sa.Column("moved", sa.JSON, nullable=False),
    )
    op.create_index("contact_merges_kept", "contact_merges", ["kept"])
    op.create_index("contact_merges_gone", "contact_merges", ["gone"])
    op.create_table(
        "contact_waiting",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("at", moment, nullable=False),
    )


def downgrade() -> None:
    for name in ("waiting", "merges", "conversations", "identities"):
        op.drop_table(f"contact_{name}")
    op.drop_table("contacts")
