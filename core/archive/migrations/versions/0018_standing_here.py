"""Find what should be in the store without going through all that left it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_standing_here"
down_revision = "0017_privacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    here = sa.text("here_since IS NOT NULL")
    op.create_index(
        "snapshots_here", "snapshots", ["conversation"], sqlite_where=here, postgresql_where=here
    )


def downgrade() -> None:
    op.drop_index("snapshots_here", "snapshots")
