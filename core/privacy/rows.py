"""A person's rows, table by table, by the data map: counted, deleted, blanked.

Above: `erasure`, `export`. Below: `subject`, `datamap`. All of it may be done again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnClause, column, delete, func, or_, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.privacy.datamap import TABLES
from core.privacy.places import Place
from core.privacy.subject import Subject, linked_rows

# Rows of a table that are found through rows of another go before these.
_ORDER = {"ticket_events": 0}
# Tables of customers that go whole; the others keep their rows for the books, without the person.
_BLANKS: dict[str, Any] = {"name": "", "reason": ""}


async def present(database: Database) -> list[Place]:
    """The tables of the map that this database has, in the order in which they are emptied."""
    async with database.read() as connection:
        names = await connection.run_sync(
            lambda sync: set(sync.dialect.get_table_names(sync))  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
        )
    found = [place for place in TABLES if place.name in names]
    return sorted(found, key=lambda place: (_ORDER.get(place.name, 1), place.name))


async def count_rows(connection: AsyncConnection, place: Place, subject: Subject) -> int:
    """How many rows are the person's."""
    rules = linked_rows(place, subject)
    if not rules:
        return 0
    query = select(func.count()).select_from(table(place.name)).where(or_(*rules))
    return int((await connection.execute(query)).scalar_one())


async def erase_rows(connection: AsyncConnection, place: Place, subject: Subject) -> int:
    """Delete the person's rows, or blank what is personal in them; how many."""
    if place.erase not in {"delete", "blank"}:
        return 0
    columns: list[ColumnClause[Any]] = [column(name) for name in place.columns]
    place_in, count = table(place.name, *columns), 0
    for rule in linked_rows(place, subject):  # each is one bounded statement
        if place.erase == "delete":
            done = await connection.execute(delete(place_in).where(rule))
        else:
            blanks = {name: _BLANKS.get(name) for name in place.personal}
            done = await connection.execute(update(place_in).where(rule).values(blanks))
        count += done.rowcount
    return count
