"""Inserts that may be repeated: rows that are there stay, or are brought up to date.

Above: whoever writes tables. Below: the two dialects of SQLAlchemy, whose words for it differ.
Statements are made once for each table: building one costs more than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Rows = Sequence[dict[str, Any]]


async def insert_new(connection: AsyncConnection, table: Table, rows: Rows) -> int:
    """Rows that are there already stay as they are. Returns how many are new, if it is one row."""
    if not rows:
        return 0
    statement = _insert_once(connection.dialect.name, table)
    return (await connection.execute(statement, list(rows))).rowcount


async def save_rows(
    connection: AsyncConnection, table: Table, rows: Rows, *, newer: str | None = None
) -> None:
    """Insert, or bring up to date; with `newer`, unless that column says what is there is newer."""
    if rows:
        await connection.execute(_upsert(connection.dialect.name, table, newer), list(rows))


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _insert_once(dialect: str, table: Table) -> Executable:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _upsert(dialect: str, table: Table, newer: str | None) -> Executable:
    statement = _insert(dialect, table)
    keys = [column.name for column in table.primary_key.columns]
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    where = None if newer is None else table.c[newer] <= statement.excluded[newer]
    return statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=where)
