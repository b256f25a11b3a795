"""Tickets: assignee, tags to filter by, clocks, links to conversations and to each other."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012_ticket_links"
down_revision = "0011_tokens"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = ("ticket_links", "ticket_conversations", "ticket_tags")
_ADDED = {
    "tickets": (
        sa.Column("assignee", sa.Text),
        sa.Column("origin", sa.Text, nullable=False, server_default="api"),
        sa.Column("duplicate_of", sa.Text),
        sa.Column("folded", sa.Text, nullable=False, server_default=""),
        sa.Column("pauses", sa.JSON),
        sa.Column("first_reply_at", _MOMENT),
        sa.Column("resolved_at", _MOMENT),
    ),
    "ticket_events": (
        sa.Column("side", sa.Text, nullable=False, server_default="desk"),
        sa.Column("kind", sa.Text, nullable=False, server_default="changed"),
        sa.Column("internal", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("changes", sa.JSON),
    ),
}
_SOME = 500


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("tickets_newest", "tickets", ["updated_at", "number"])
    op.create_index("tickets_assignee", "tickets", ["assignee", "updated_at"])
    _new_tables()
    _fill()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("tickets_newest", "tickets")
    op.drop_index("tickets_assignee", "tickets")
    for table, columns in _ADDED.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column.name)


def _new_tables() -> None:
    op.create_table("ticket_tags", _text("ticket"), _text("tag"))
    op.create_index("ticket_tags_tag", "ticket_tags", ["tag"])
    op.create_table(
        "ticket_conversations", _text("ticket"), _text("conversation"), sa.Column("via", sa.Text)
    )
    op.create_index("ticket_conversations_of", "ticket_conversations", ["conversation"])
    op.create_table("ticket_links", _text("ticket"), _text("kind"), _text("other"))
    op.create_index("ticket_links_other", "ticket_links", ["other"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _fill() -> None:
    """What older tickets have in their own columns."""
    connection, tickets = op.get_bind(), _tickets()
    read = sa.select(tickets).order_by(tickets.c.number)
    rows: Sequence[Any] = connection.execute(read).mappings().all()
    for start in range(0, len(rows), _SOME):
        some = rows[start : start + _SOME]
        for row in some:
            folded = f"{row['number']}\n{row['subject']}\n{row['body']}".casefold()
            done = row["updated_at"] if row["state"] in {"resolved", "closed"} else None
            values = {"folded": folded, "pauses": [], "resolved_at": done}
            one = sa.update(tickets).where(tickets.c.number == row["number"])
            connection.execute(one.values(**values))
        _insert("ticket_tags", "tag", {
            (row["number"], tag.casefold()): None for row in some for tag in row["tags"] or ()
        })  # fmt: skip
        _insert("ticket_conversations", "conversation", {
            (row["number"], row["conversation"]): None for row in some if row["conversation"]
        })  # fmt: skip
    events = sa.table("ticket_events", sa.column("kind"), sa.column("position"))
    connection.execute(sa.update(events).where(events.c.position == 1).values(kind="opened"))


def _insert(table: str, name: str, pairs: dict[tuple[str, str], None]) -> None:
    target = sa.table(table, sa.column("ticket"), sa.column(name))
    rows = [{"ticket": number, name: value} for number, value in pairs]
    if rows:
        op.get_bind().execute(sa.insert(target), rows)


def _tickets() -> sa.TableClause:
    return sa.table(
        "tickets",
        *(sa.column(name, sa.Text) for name in ("number", "conversation", "state", "subject")),
        sa.column("body", sa.Text), sa.column("tags", sa.JSON), sa.column("pauses", sa.JSON),
        sa.column("folded", sa.Text),
        *(sa.column(name, _MOMENT) for name in ("updated_at", "resolved_at")),
    )  # fmt: skip
