"""Words in what was said: how they are kept, and how the conversations that hold them are found.

Above: `reader`, `follower` (keeps). Below: `tables`; the index of words is FTS5 in SQLite (triggers
fill it), GIN in PostgreSQL. Migration: `*_words`.

Every word of the query begins a word of one and the same entry, in any case and without diacritics.
Rare words are looked up in the index; of words that are everywhere, the newest conversations hold
enough, and these are looked through. Both see the same words.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import (
    ColumnElement,
    TableClause,
    Text,
    bindparam,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.tables import conversations, entries
from core.text import unmarked

# Scripts that write no blanks: each of their signs is a word.
_SIGNS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")
_LONGEST_WORD = 64
_MOST_WORDS = 12
# With more places than this, the newest conversations are looked through instead.
MANY = 4_000
_PLACES: TableClause = table("entry_places", column("place"), column("conversation"), column("seq"))


def fold_words(text: str) -> str:
    """The words of a text as they are searched: lower case, no marks, one blank between."""
    return " ".join(word[:_LONGEST_WORD] for word in _WORD.findall(unmarked(text)))


async def says(connection: AsyncConnection, query: str, *, many: int = MANY) -> ColumnElement[bool]:
    """The rule that an entry of a conversation holds these words."""
    words = list(dict.fromkeys(fold_words(query).split()))[:_MOST_WORDS]
    if not words:
        return false()
    found = _find(connection.dialect.name, words)
    some = select(func.count()).select_from(found.limit(many + 1).subquery())
    if (await connection.execute(some)).scalar_one() > many:
        return exists().where(entries.c.conversation == conversations.c.id, *_hold(words))
    return conversations.c.id.in_(found)


def _hold(words: list[str]) -> list[ColumnElement[bool]]:
    """An entry holds them, without an index."""
    text_ = literal(" ") + entries.c.folded
    return [text_.contains(f" {word}", autoescape=True) for word in words]


def _find(dialect: str, words: list[str]) -> Any:
    """The conversations of the entries that hold them, from the index."""
    if dialect == "postgresql":
        asked = " & ".join(f"'{word}':*" for word in words)
        lexemes = func.array_to_tsvector(
            func.string_to_array(entries.c.folded, literal_column("' '"))
        )
        query = text("CAST(:asked AS tsquery)").bindparams(bindparam("asked", asked, Text))
        return select(entries.c.conversation).where(lexemes.op("@@")(query))
    asked = " AND ".join(f'"{word}"*' for word in words)
    places = text("place IN (SELECT rowid FROM entry_words WHERE entry_words MATCH :asked)")
    return select(_PLACES.c.conversation).where(places.bindparams(bindparam("asked", asked)))
