"""Statistics: what is counted stands in columns of its own, with indexes that answer alone."""

import sqlalchemy as sa
from alembic import op

revision = "0008_statistics"
down_revision = "0007_learning"
branch_labels = None
depends_on = None

_ACTS = sa.text("action IS NOT NULL")
# Fields of the JSON, in the words of each database.
_FILL = {
    "sqlite": (
        "UPDATE entries SET action = json_extract(body, '$.action'), value = CASE"
        " WHEN json_extract(body, '$.action') IN ('rate', 'prioritise', 'button')"
        " THEN substr(json_extract(body, '$.value'), 1, 100) END"
        " WHERE json_extract(body, '$.action') IS NOT NULL",
        "UPDATE turns SET intent = json_extract(receipt, '$.triage.intent'),"
        " outcome = json_extract(receipt, '$.outcome'),"
        " milliseconds = json_extract(receipt, '$.milliseconds'),"
        " tokens = coalesce(json_extract(receipt, '$.tokens.in'), 0)"
        " + coalesce(json_extract(receipt, '$.tokens.out'), 0),"
        " cost = json_extract(receipt, '$.cost')",
    ),
    "postgresql": (
        "UPDATE entries SET action = body->>'action', value = CASE"
        " WHEN body->>'action' IN ('rate', 'prioritise', 'button')"
        " THEN substr(body->>'value', 1, 100) END WHERE body->>'action' IS NOT NULL",
        "UPDATE turns SET intent = receipt->'triage'->>'intent', outcome = receipt->>'outcome',"
        " milliseconds = (receipt->>'milliseconds')::float,"
        " tokens = coalesce((receipt->'tokens'->>'in')::int, 0)"
        " + coalesce((receipt->'tokens'->>'out')::int, 0),"
        " cost = (receipt->>'cost')::float",
    ),
}


def upgrade() -> None:
    for name in ("action", "value"):
        op.add_column("entries", sa.Column(name, sa.Text))
    for name in ("intent", "outcome"):
        op.add_column("turns", sa.Column(name, sa.Text))
    for name in ("milliseconds", "cost"):
        op.add_column("turns", sa.Column(name, sa.Float))
    op.add_column("turns", sa.Column("tokens", sa.Integer))
    for statement in _FILL[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_index("entries_at", "entries", ["at", "kind", "role"])
    op.create_index(
        "entries_acts", "entries", ["action", "at", "role", "conversation", "seq", "value"],
        sqlite_where=_ACTS, postgresql_where=_ACTS,
    )  # fmt: skip
    op.create_index(
        "turns_counted", "turns",
        ["at", "specialist", "intent", "outcome", "milliseconds", "tokens", "cost"],
    )  # fmt: skip
    op.create_index(
        "conversations_begun", "conversations",
        ["created_at", "channel", "language", "status", "owner", "updated_at", "id"],
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("conversations_begun", "conversations")
    op.drop_index("turns_counted", "turns")
    op.drop_index("entries_acts", "entries")
    op.drop_index("entries_at", "entries")
    for name in ("intent", "outcome", "milliseconds", "tokens", "cost"):
        op.drop_column("turns", name)
    for name in ("action", "value"):
        op.drop_column("entries", name)
