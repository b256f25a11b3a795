"""An index of the words of entries, without case and diacritics; lists by what filters them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.archive.searching import fold_words

revision = "0016_words"
down_revision = "0015_rollup"
branch_labels = None
depends_on = None

_BATCH = 5_000
_OUT = (
    "INSERT INTO entry_words (entry_words, rowid, folded) SELECT 'delete', place, old.folded"
    " FROM entry_places WHERE conversation = old.conversation AND seq = old.seq;"
    " DELETE FROM entry_places WHERE conversation = old.conversation AND seq = old.seq;"
)
_IN = (
    "INSERT INTO entry_places (conversation, seq)"
    " SELECT new.conversation, new.seq WHERE new.folded <> '';"
    " INSERT INTO entry_words (rowid, folded) SELECT place, new.folded FROM entry_places"
    " WHERE conversation = new.conversation AND seq = new.seq;"
)
# The index has no text of its own: what leaves it is named once more by the triggers.
_SQLITE = (
    "CREATE TABLE entry_places (place INTEGER PRIMARY KEY, conversation TEXT NOT NULL,"
    " seq INTEGER NOT NULL, UNIQUE (conversation, seq))",
    "CREATE VIRTUAL TABLE entry_words USING fts5(folded, content='', detail='none',"
    " tokenize=\"ascii tokenchars '_'\")",
    "INSERT INTO entry_places (conversation, seq) SELECT conversation, seq FROM entries"
    " WHERE folded <> '' ORDER BY at",
    "INSERT INTO entry_words (rowid, folded) SELECT place, folded FROM entry_places"
    " JOIN entries USING (conversation, seq)",
    f"CREATE TRIGGER entries_said AFTER INSERT ON entries BEGIN {_IN} END",
    f"CREATE TRIGGER entries_gone AFTER DELETE ON entries BEGIN {_OUT} END",
    f"CREATE TRIGGER entries_changed AFTER UPDATE OF folded ON entries BEGIN {_OUT} {_IN} END",
)
_POSTGRES = (
    "CREATE INDEX entries_words ON entries"
    " USING gin (array_to_tsvector(string_to_array(folded, ' ')))",
)
_LISTED = ["updated_at", "id", "status", "owner", "channel", "specialist"]


def _fold_anew() -> None:
    """Words as they are searched from now on; whole words, no marks."""
    bind, after = op.get_bind(), ("", 0)
    read = sa.text(
        "SELECT conversation, seq, text FROM entries WHERE (conversation, seq) > (:name, :seq)"
        " ORDER BY conversation, seq LIMIT :most"
    )
    write = sa.text("UPDATE entries SET folded = :folded WHERE conversation = :name AND seq = :seq")
    while rows := bind.execute(read, {"name": after[0], "seq": after[1], "most": _BATCH}).all():
        bind.execute(
            write, [{"folded": fold_words(row[2]), "name": row[0], "seq": row[1]} for row in rows]
        )
        after = (rows[-1][0], rows[-1][1])


def upgrade() -> None:
    _fold_anew()
    for statement in _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
    op.drop_index("conversations_newest", "conversations")
    op.create_index("conversations_newest", "conversations", _LISTED)


def downgrade() -> None:
    op.drop_index("conversations_newest", "conversations")
    op.create_index("conversations_newest", "conversations", ["updated_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("entries_words", "entries")
        return
    for name in ("entries_changed", "entries_gone", "entries_said"):
        op.execute(f"DROP TRIGGER {name}")
    op.execute("DROP TABLE entry_words")
    op.execute("DROP TABLE entry_places")
