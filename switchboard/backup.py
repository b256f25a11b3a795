"""Backups: one folder with all that a gateway needs to go on elsewhere; made while it runs.

Above: `commands.backups`. Below: the data folder, SQLite's online copy, `postgres_tools`. The store
of conversations is not copied while it runs: it is rebuilt from the archive. Of a gateway that is
stopped its files are copied too.

    manifest.json   what is in it: sizes, digests, revision of the tables
    data/           the data folder: database, files, keys
    database.dump   of PostgreSQL
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from config.settings import Settings
from core.archive.database import newest_revision
from core.archive.follower import GROUP
from core.archive.settings import DatabaseSettings
from core.bus.standing import TouchedList
from core.errors import ConfigError, InputError
from switchboard.attach import attach_bus, read_settings
from switchboard.data_folder import DataFolder
from switchboard.postgres_tools import dump_database, restore_database

Tell = Callable[[str, int, int], None]

_MANIFEST = "manifest.json"
_DUMP = "database.dump"
# Of the process that runs now, or made anew: nobody needs them elsewhere.
_PASSING = frozenset({"gateway.json", "up.lock", "exports", "valkey"})
_CATCH_UP_SECONDS = 15.0
# What changes without a word (deliveries, addresses) is kept within so long.
_KEEPING_SECONDS = 1.0
_PAGES = 2_000
_PIECE = 1 << 20


async def make_backup(data: Path | None, target: Path, tell: Tell) -> dict[str, Any]:
    """Write one into an empty folder; gives the manifest. Raises `InputError`, `ConfigError`."""
    settings = read_settings(data)
    _refuse_full(target, "a backup is made in a folder of its own")
    running = settings.bus.url is not None or DataFolder(settings.data).find_gateway() is not None
    behind = await _await_archive(settings, tell) if running else 0
    inside = await asyncio.to_thread(_make_folder, target)
    database = _sqlite_file(settings.database_settings)
    if database is None:
        await dump_database(settings.database_settings, target / _DUMP, tell)
    elif database.exists():
        await asyncio.to_thread(_copy_sqlite, database, inside / "switchboard.db", tell)
    await asyncio.to_thread(_copy_folder, settings, inside, tell, whole=not running)
    kind = "postgresql" if database is None else "sqlite"
    return await asyncio.to_thread(_write_manifest, target, kind, behind, tell)


async def restore_backup(source: Path, data: Path | None, tell: Tell) -> dict[str, Any]:
    """Put one into an empty data folder. Raises `InputError`, `ConfigError`."""
    settings = read_settings(data)
    manifest = await asyncio.to_thread(_check_digests, source, tell)
    if str(manifest["revision"]) > newest_revision():
        raise ConfigError(
            f"the backup is of a newer version of Switchboard (tables of revision "
            f"{manifest['revision']}, this one knows {newest_revision()}): restore it with that one"
        )
    if (manifest["database"] == "postgresql") == (
        _sqlite_file(settings.database_settings) is not None
    ):
        raise ConfigError(
            f"the backup is of {manifest['database']}, DATABASE_URL says otherwise: set it to the "
            "same kind of database"
        )
    _refuse_full(settings.data, "a backup is restored into an empty data folder")
    if manifest["database"] == "postgresql":
        await restore_database(settings.database_settings, source / _DUMP, tell)
    await asyncio.to_thread(_put_back, source / "data", settings, tell)
    return manifest


async def check_backup(source: Path, tell: Tell) -> dict[str, Any]:
    """Prove that it is whole: every digest, the database's own check, and what is in it."""
    manifest = await asyncio.to_thread(_check_digests, source, tell)
    database = source / "data" / "switchboard.db"
    found = await asyncio.to_thread(_look_inside, database) if database.exists() else {}
    return manifest | found


def _make_folder(target: Path) -> Path:
    inside = target / "data"
    inside.mkdir(parents=True)
    for folder in (target, inside):  # keys are in it
        folder.chmod(0o700)
    return inside


async def _await_archive(settings: Settings, tell: Tell) -> int:
    """Until what was acknowledged before this moment is archived; what comes meanwhile may be in
    the backup or not. Gives how much is missing after a while."""
    began, most = time.monotonic(), 0
    async with attach_bus(settings) as bus:
        touched = TouchedList(bus.calls, shards=bus.settings.shards)
        while True:
            lag, quiet = await bus.journal.lag(GROUP), await touched.count()
            took = time.monotonic() - began
            most = max(most, lag.records)
            tell("waiting for the archive", most - lag.records, max(most, 1))
            if lag.seconds < took and (quiet == 0 or took > _KEEPING_SECONDS):
                return 0
            if took > _CATCH_UP_SECONDS:
                return lag.records
            await asyncio.sleep(0.05)


def _sqlite_file(settings: DatabaseSettings) -> Path | None:
    """The file, or None: the database is PostgreSQL."""
    if settings.url is None:
        return settings.data_dir / "switchboard.db"
    url = settings.url.get_secret_value()
    return Path(url.split("///", 1)[1]) if url.startswith("sqlite") else None


def _copy_sqlite(source: Path, target: Path, tell: Tell) -> None:
    """As it is at one moment; who writes meanwhile does not wait."""

    def report(_status: int, left: int, pages: int) -> None:
        tell("database", pages - left, pages)

    origin, copy = sqlite3.connect(source, timeout=30), sqlite3.connect(target)
    try:
        origin.isolation_level = None
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment
        origin.backup(copy, pages=_PAGES, progress=report)
        origin.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
        origin.close()
    target.chmod(0o600)


def _copy_folder(settings: Settings, inside: Path, tell: Tell, *, whole: bool) -> None:
    files = list(_files_of(settings.data, whole=whole))
    elsewhere = settings.files.folder
    if elsewhere is not None and elsewhere.is_dir():
        files += [(path, Path("files") / path.relative_to(elsewhere)) for path in _walk(elsewhere)]
    for done, (path, place) in enumerate(files, start=1):
        to = inside / place
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, to)
        except FileNotFoundError:
            continue  # its time was over while we copied
        tell("files", done, len(files))


def _files_of(folder: Path, *, whole: bool) -> Iterator[tuple[Path, Path]]:
    """Each file and its place, without the database and what passes."""
    for path in _walk(folder):
        place = path.relative_to(folder)
        passing = place.parts[0] in _PASSING and not (whole and place.parts[0] == "valkey")
        if passing or place.name.startswith(("switchboard.db", ".probe-")):
            continue
        yield path, place


def _walk(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _write_manifest(target: Path, kind: str, behind: int, tell: Tell) -> dict[str, Any]:
    paths = _walk(target)
    files: dict[str, dict[str, Any]] = {}
    for done, path in enumerate(paths, start=1):
        name = path.relative_to(target).as_posix()
        files[name] = {"bytes": path.stat().st_size, "sha256": _digest(path)}
        tell("digests", done, len(paths))
    manifest: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "database": kind,
        "revision": newest_revision(), "not_archived": behind, "files": files,
    }  # fmt: skip
    (target / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _check_digests(source: Path, tell: Tell) -> dict[str, Any]:
    try:
        manifest = json.loads((source / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{source} is no backup, or one that was never finished") from error
    files = cast("dict[str, dict[str, Any]]", manifest["files"])
    for done, (name, fact) in enumerate(files.items(), start=1):
        path = source / name
        if not path.is_file() or _digest(path) != fact["sha256"]:
            raise InputError(f"the backup is damaged: {name} is not as it was written")
        tell("checking", done, len(files))
    return manifest


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _look_inside(database: Path) -> dict[str, Any]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        (verdict,) = opened.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise InputError(f"the database in the backup is damaged: {verdict}")
        (conversations,) = opened.execute("SELECT count(*) FROM conversations").fetchone()
        said, newest = opened.execute("SELECT count(*), max(at) FROM entries").fetchone()
    return {"conversations": conversations, "entries": said, "newest_entry": newest}


def _put_back(inside: Path, settings: Settings, tell: Tell) -> None:
    folder = DataFolder(settings.data)
    folder.make()
    paths = _walk(inside)
    for done, path in enumerate(paths, start=1):
        place = path.relative_to(inside)
        to = settings.data / place
        if place.parts[0] == "files" and settings.files.folder is not None:
            to = settings.files.folder / place.relative_to("files")
        if place.name == "switchboard.db":
            to = _sqlite_file(settings.database_settings) or to
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
        tell("files", done, len(paths))


def _refuse_full(folder: Path, why: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty: {why}")
