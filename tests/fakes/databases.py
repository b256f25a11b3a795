"""Empty archives for tests: the migrations run once for each kind of database, then it is copied.

Above: fixtures that open a database. Below: `postgres`, SQLite's file.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from tests.fakes.postgres import PostgresServer


async def _migrate(settings: DatabaseSettings) -> None:
    async with open_database(settings) as database:
        await database.migrate()
        if database.dialect == "sqlite":  # into the one file that is copied
            async with database.engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _migrate_apart(settings: DatabaseSettings) -> None:
    """On a loop of its own: whoever asks first may be on one that runs."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(_migrate(settings))).result()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and nothing in them."""
    folder = tmp_path_factory.mktemp("archive")
    _migrate_apart(DatabaseSettings(data_dir=folder))
    return folder / "switchboard.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database with all tables and nothing in them."""
    url = postgres.create()
    _migrate_apart(DatabaseSettings.model_validate({"url": url}))
    return url.rpartition("/")[2]


@asynccontextmanager
async def empty_archive(
    request: pytest.FixtureRequest, kind: str, folder: Path, **settings: Any
) -> AsyncGenerator[Database]:
    """A new archive of this kind (`sqlite`, `postgresql`); its file, if it is one, in `folder`."""
    url = None
    if kind == "postgresql":
        template = request.getfixturevalue("postgres_template")
        url = request.getfixturevalue("postgres").create(template)
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "switchboard.db")
    wanted = {"data_dir": folder, "url": url, **settings}
    async with open_database(DatabaseSettings.model_validate(wanted)) as opened:
        yield opened
