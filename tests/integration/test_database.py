"""The SQL database: migrations by several processes at once, and a server that goes away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from core.archive.database import Database, newest_revision, open_database
from core.archive.settings import DatabaseSettings
from tests.fakes.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> DatabaseSettings:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    return DatabaseSettings.model_validate({"data_dir": tmp_path, "url": url})


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgresServer) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"data_dir": tmp_path, "url": postgres.create()})


async def table_names(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda c: inspect(c).get_table_names()))


async def migrate(settings: DatabaseSettings) -> None:
    """As a process that starts does."""
    async with open_database(settings) as database:
        await database.migrate()


async def test_processes_that_start_together_make_the_tables_once(
    settings: DatabaseSettings,
) -> None:
    await asyncio.gather(*(migrate(settings) for _ in range(5)))
    async with open_database(settings) as database:
        assert await database.revision() == newest_revision()
        assert {"alembic_version", "entries"} <= await table_names(database)


async def test_a_write_that_fails_leaves_nothing_behind(settings: DatabaseSettings) -> None:
    async with open_database(settings) as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE things (name TEXT)"))

        async def write_half() -> None:
            async with database.write() as connection:
                await connection.execute(text("INSERT INTO things VALUES ('half')"))
                raise RuntimeError("no")

        with pytest.raises(RuntimeError, match="no"):
            await write_half()
        async with database.read() as connection:
            found = await connection.execute(text("SELECT count(*) FROM things"))
            assert found.scalar_one() == 0


async def test_readers_and_writers_do_not_stop_each_other(settings: DatabaseSettings) -> None:
    async with open_database(settings) as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE counts (n INTEGER)"))
            await connection.execute(text("INSERT INTO counts VALUES (0)"))

        async def count_up() -> None:
            async with database.write() as connection:
                await connection.execute(text("UPDATE counts SET n = n + 1"))

        async def look() -> int:
            async with database.read() as connection:
                return (await connection.execute(text("SELECT n FROM counts"))).scalar_one()

        looks = [look() for _ in range(20)]
        await asyncio.gather(*(count_up() for _ in range(20)), *looks)
        assert await look() == 20


async def test_what_one_transaction_reads_is_the_state_of_one_moment(
    settings: DatabaseSettings,
) -> None:
    """Knowledge is read table by table while other processes write it."""
    async with open_database(settings) as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE documents (id INTEGER)"))
            await connection.execute(text("CREATE TABLE passages (document INTEGER)"))
        async with database.read() as connection:
            before = await connection.execute(text("SELECT id FROM documents"))
            assert before.all() == []
            async with database.write() as other:
                await other.execute(text("INSERT INTO documents VALUES (1)"))
                await other.execute(text("INSERT INTO passages VALUES (1)"))
            for table in ("documents", "passages"):
                found = await connection.execute(text(f"SELECT * FROM {table}"))
                assert found.all() == [], table
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT * FROM passages"))).all() == [(1,)]


@pytest.mark.postgres
async def test_nothing_is_written_by_what_only_reads(on_postgres: DatabaseSettings) -> None:
    async with open_database(on_postgres) as database:
        with pytest.raises(DBAPIError, match="read-only"):
            async with database.read() as connection:
                await connection.execute(text("CREATE TABLE things (name TEXT)"))
        async with database.write() as connection:  # the same connection may write again
            await connection.execute(text("CREATE TABLE things (name TEXT)"))


@pytest.mark.postgres
async def test_a_server_that_was_restarted_is_connected_to_again(
    on_postgres: DatabaseSettings, postgres: PostgresServer
) -> None:
    async with open_database(on_postgres) as database:
        await database.ping()
        postgres.stop_hard()
        await database.ping()
