"""What is deleted in SQL is on no page of the disk any more.

Above: `erasure`, `retention`. Below: the database. SQLite overwrites what it deletes
(`secure_delete`), but copies of rows that moved between pages stay in unused space, and old pages
in the write-ahead log: VACUUM writes the file anew, a checkpoint empties the log. PostgreSQL does
as much by its own VACUUM; its WAL and backups end by their own settings.
"""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database

_log = structlog.get_logger("privacy")
_TRIES = 40
_PAUSE = 0.25


async def scrub_database(database: Database) -> bool:
    """True if nothing that was deleted is left in the database's files."""
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    if database.dialect == "postgresql":
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM"))
        return True
    for attempt in range(_TRIES):
        try:
            async with database.engine.connect() as connection:
                if await _write_anew(connection):
                    return True
        except OperationalError as error:
            if attempt == _TRIES - 1:
                _log.warning("database_not_scrubbed", error=type(error).__name__)
                return False
        await asyncio.sleep(_PAUSE)
    _log.warning("database_not_scrubbed", error="busy")
    return False


async def _write_anew(connection: AsyncConnection) -> bool:
    """VACUUM knows no transaction: it runs on the driver's own connection."""
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if driver is None:
        return False
    indexes = await driver.execute(
        "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'"
    )
    for (name,) in await indexes.fetchall():  # an index of words keeps old ones until it is merged
        await driver.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")  # noqa: S608
    await indexes.close()
    await driver.execute("VACUUM")
    cursor = await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    busy, _, _ = await cursor.fetchone()
    await cursor.close()
    return not busy
