"""The archive in SQLite and in PostgreSQL, held to one contract."""

from __future__ import annotations

import inspect
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.archive.database import Database
from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from tests.contract.archive_contract import ArchiveContract
from tests.contract.requirements import ARCHIVE
from tests.fakes.archived_house import House
from tests.fakes.databases import empty_archive
from tests.fakes.postgres import PostgresServer


@dataclass
class SqliteRig:
    """Its file may be locked by another process."""

    house: House
    file: Path

    @contextmanager
    def away(self) -> Generator[None]:
        lock = sqlite3.connect(self.file, timeout=10)
        lock.isolation_level = None
        lock.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            lock.execute("ROLLBACK")
            lock.close()


@dataclass
class PostgresRig:
    """Its server may let nobody in."""

    house: House
    server: PostgresServer
    database: Database

    @contextmanager
    def away(self) -> Generator[None]:
        name = self.database.engine.url.database or ""
        self.server.shut(name)
        try:
            yield
        finally:
            self.server.reopen(name)


@pytest.fixture
def short_path() -> Generator[Path]:
    """A unix socket's path is limited to 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        yield Path(folder)


class TestArchiveInSqlite(ArchiveContract):
    @pytest.fixture
    async def rig(
        self, short_path: Path, request: pytest.FixtureRequest
    ) -> AsyncGenerator[SqliteRig]:
        bus_settings = BusSettings(data_dir=short_path, shards=2)
        opened = empty_archive(request, "sqlite", short_path, timeout_seconds=0.2)
        async with open_bus(bus_settings) as bus, opened as database:
            yield SqliteRig(House(bus, database), short_path / "switchboard.db")


@pytest.mark.postgres
class TestArchiveInPostgres(ArchiveContract):
    @pytest.fixture
    async def rig(
        self, short_path: Path, postgres: PostgresServer, request: pytest.FixtureRequest
    ) -> AsyncGenerator[PostgresRig]:
        bus_settings = BusSettings(data_dir=short_path, shards=2)
        opened = empty_archive(request, "postgresql", short_path)
        async with open_bus(bus_settings) as bus, opened as database:
            yield PostgresRig(House(bus, database), postgres, database)


def test_every_clause_of_the_archive_has_a_test() -> None:
    methods = inspect.getmembers(ArchiveContract, inspect.isfunction)
    tested = [test.__dict__.get("clauses", ()) for name, test in methods if name[:5] == "test_"]
    assert set(ARCHIVE) == {clause for clauses in tested for clause in clauses}
