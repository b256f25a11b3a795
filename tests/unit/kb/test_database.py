"""One database for several processes that start at once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from core.archive.database import MIGRATIONS, newest_revision, open_database
from core.archive.settings import DatabaseSettings
from core.errors import ConfigError

_STARTER = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from core.archive.database import open_database
from core.archive.settings import DatabaseSettings

async def main():
    settings = DatabaseSettings.model_validate({"data_dir": Path(sys.argv[1])})
    async with open_database(settings) as database:
        await database.migrate()
        for _ in range(10):
            async with database.write() as connection:
                read = text("SELECT version FROM knowledge_state")
                version = (await connection.execute(read)).scalar_one()
                write = text("UPDATE knowledge_state SET version = :to")
                await connection.execute(write, {"to": version + 1})

asyncio.run(main())
"""


def settings(folder: Path) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"data_dir": folder})


async def test_processes_that_start_together_migrate_once_and_lose_no_write(
    root: Path, tmp_path: Path
) -> None:
    starters = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _STARTER, tmp_path, cwd=root)
        for _ in range(4)
    ]
    assert [await starter.wait() for starter in starters] == [0] * 4
    async with open_database(settings(tmp_path)) as database, database.read() as connection:
        version = await connection.execute(text("SELECT version FROM knowledge_state"))
        assert version.scalar_one() == 40


async def test_what_is_committed_is_on_disk(tmp_path: Path) -> None:
    async with open_database(settings(tmp_path)) as database, database.read() as connection:
        modes = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert modes == ["wal", 2, 1]


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    async with open_database(settings(tmp_path)) as database:
        await database.migrate()

        async def fail() -> None:
            async with database.write() as connection:
                await connection.execute(text("UPDATE knowledge_state SET version = 9"))
                raise RuntimeError("half way")

        with pytest.raises(RuntimeError, match="half way"):
            await fail()
        async with database.read() as connection:
            version = await connection.execute(text("SELECT version FROM knowledge_state"))
            assert version.scalar_one() == 0


async def test_a_second_migration_has_nothing_to_do(tmp_path: Path) -> None:
    async with open_database(settings(tmp_path)) as database:
        assert await database.revision() is None
        await database.migrate()
        await database.migrate()
        assert await database.revision() == newest_revision()


def test_migrations_follow_each_other_in_the_order_of_their_names() -> None:
    names = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    before: str | None = None
    for name in names:
        source = (MIGRATIONS / "versions" / f"{name}.py").read_text("utf-8")
        assert f'\nrevision = "{name}"\n' in source
        expected = "None" if before is None else f'"{before}"'
        assert f"\ndown_revision = {expected}\n" in source
        before = name
    assert before == newest_revision()


@pytest.mark.parametrize("url", ["mysql://user:secret@host/name", "no url at all"])
def test_an_address_that_is_not_served_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL") as caught:
        open_database(DatabaseSettings.model_validate({"url": SecretStr(url)}))
    assert "secret" not in str(caught.value)


def test_the_usual_postgresql_addresses_are_understood() -> None:
    for url in ("postgresql://u:p@h/n", "postgres://u:p@h/n", "postgresql+asyncpg://u:p@h/n"):
        try:
            database = open_database(DatabaseSettings.model_validate({"url": SecretStr(url)}))
        except ConfigError as error:
            pytest.fail(f"{url}: {error}")
        assert database.dialect == "postgresql"
