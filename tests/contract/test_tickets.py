"""Tickets on SQLite and on PostgreSQL, held to one contract."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from tests.contract.tickets_contract import Books, TicketsContract
from tests.fakes.postgres import PostgresServer


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them: copying it is quicker than making it."""
    folder = tmp_path_factory.mktemp("tickets")

    async def migrate() -> None:
        async with open_database(DatabaseSettings(data_dir=folder)) as database:
            await database.migrate()

    asyncio.run(migrate())
    return folder


class TestTicketsInSqlite(TicketsContract):
    @pytest.fixture
    def books(self, migrated: Path, tmp_path: Path) -> Books:
        shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
        return Books(tmp_path)


@pytest.mark.postgres
class TestTicketsInPostgres(TicketsContract):
    @pytest.fixture
    def books(self, tmp_path: Path, postgres: PostgresServer) -> Books:
        return Books(tmp_path, postgres.create())
