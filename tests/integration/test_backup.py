"""Backups of PostgreSQL, and what is refused. The whole way is in `tests/flows/test_backup.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from core.errors import ConfigError, InputError
from core.identity.people import SqlPeople
from switchboard.backup import check_backup, make_backup, restore_backup
from switchboard.postgres_tools import dump_database, restore_database
from tests.fakes.postgres import PostgresServer, find_binaries


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Nobody looks at the bar."""


def fill_folder(data_dir: Path, sqlite_template: Path) -> None:
    """As a gateway that was stopped leaves it."""
    (data_dir / "valkey").mkdir()
    (data_dir / "valkey" / "log.aof").write_text("kept", encoding="utf-8")
    (data_dir / "files").mkdir()
    (data_dir / "files" / "fl_1").write_bytes(b"picture")
    (data_dir / "secret.key").write_text("key", encoding="utf-8")
    shutil.copy(sqlite_template, data_dir / "switchboard.db")
    (data_dir / "up.lock").write_text("1", encoding="utf-8")


def is_private(folder: Path) -> bool:
    """Nobody but its owner may look into it."""
    return folder.stat().st_mode & 0o077 == 0


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_dump_of_postgres_is_restored_into_another_database(
    database: Database, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(find_binaries()), prepend=":")
    person = await SqlPeople(database).create({"name": "Jana Nováková"})
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    source = DatabaseSettings.model_validate({"url": url})
    target = DatabaseSettings.model_validate({"url": postgres.create()})
    await dump_database(source, tmp_path / "database.dump", quiet)
    await restore_database(target, tmp_path / "database.dump", quiet)
    async with open_database(target) as other:
        assert await other.revision() == await database.revision()
        assert (await SqlPeople(other).get(person.id)).name == "Jana Nováková"
    with pytest.raises(InputError, match="pg_restore failed"):
        await restore_database(target, tmp_path / "database.dump", quiet)


async def test_without_the_tool_the_command_is_said_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url = "postgresql://ann:s%3Acret@db.example:5433/house"
    settings = DatabaseSettings.model_validate({"url": url})
    with pytest.raises(ConfigError, match="pg_dump") as raised:
        await dump_database(settings, tmp_path / "x.dump", quiet)
    assert "postgresql://ann@db.example:5433/house" in str(raised.value)
    assert "cret" not in str(raised.value)


async def test_a_stopped_gateway_is_copied_whole_and_full_folders_are_refused(
    data_dir: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    fill_folder(data_dir, sqlite_template)
    made = await make_backup(data_dir, tmp_path / "copy", quiet)
    assert made["not_archived"] == 0
    names = {Path(name).name for name in made["files"]}
    assert names == {"log.aof", "fl_1", "secret.key", "switchboard.db"}
    assert is_private(tmp_path / "copy")
    proved = await check_backup(tmp_path / "copy", quiet)
    assert (proved["conversations"], proved["entries"]) == (0, 0)
    with pytest.raises(InputError, match="not empty"):
        await make_backup(data_dir, tmp_path / "copy", quiet)
    with pytest.raises(InputError, match="not empty"):
        await restore_backup(tmp_path / "copy", data_dir, quiet)
    await restore_backup(tmp_path / "copy", tmp_path / "new", quiet)
    assert (tmp_path / "new" / "files" / "fl_1").read_bytes() == b"picture"
    with pytest.raises(InputError, match="no backup"):
        await check_backup(tmp_path / "new", quiet)
