"""The SQL database: one engine for SQLite and PostgreSQL, and its migrations.

Above: `kb.truth`, the archive's tables. Below: SQLAlchemy (aiosqlite, asyncpg), Alembic.

What one transaction reads is the state of one moment on both: a reader of several tables never
sees half of what another process is committing meanwhile.

SQLite runs in WAL with `synchronous=FULL`: what is committed survives a power cut. Its
transactions are begun by us: those that will write begin IMMEDIATE, because a reader that turns
writer in the middle gets "database is locked" at once, whatever the busy timeout says.
"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from core.archive.settings import DatabaseSettings
from core.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),  # pyright: ignore[reportUnknownLambdaType]
    "json_deserializer": orjson.loads,
}
Report = Callable[[int, int], None]


class Queue(IntEnum):
    """Where writers of several processes wait for one another. Any numbers, the same everywhere."""

    MIGRATIONS = 7_316_002
    ERASURE = 7_316_011
    AUDIT = 7_316_012
    GUARD = 7_316_013
    CONTACTS = 7_316_014
    LIVES = 7_316_015


class Database:
    """An engine that knows how to read, to write and to bring its tables up to date."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)
        # PostgreSQL's own default looks anew with every statement; SQLite's reads are one moment.
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = engine.execution_options(**one_moment if self.dialect != "sqlite" else {})

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection in one transaction that only reads: all of it the state of one moment."""
        async with self._reader.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write(self, queue: Queue | None = None) -> AsyncGenerator[AsyncConnection]:
        """A connection in one transaction that writes; committed at the end, or rolled back. Those
        of a queue come one by one; to SQLite all that write do so anyway."""
        async with self._writer.begin() as connection:
            if queue is not None:
                await stand_in(connection, queue)
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """An ORM session in one transaction that writes; committed at the end, or rolled back."""
        async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Raise if the database does not answer."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def migrate(self, report: Report | None = None) -> None:
        """Bring the tables to the newest revision; several processes may do so at once.

        Raises `ConfigError` if they are of a newer version of the code than this. `report` is told
        how many steps are done, of how many.
        """
        found = await self.revision()
        if found == newest_revision():
            return
        if found is not None and found > newest_revision():
            raise ConfigError(
                f"the tables of the database are of revision {found}, newer than this version of "
                f"Switchboard, which knows {newest_revision()}: run the newer version, or restore "
                "the backup that was made before the upgrade (docs/backup.md)"
            )
        # The import costs a quarter of a second, which a start with nothing to do is spared.
        await asyncio.to_thread(_import_alembic)
        async with self.write(Queue.MIGRATIONS) as connection:
            await connection.run_sync(_upgrade, _steps_after(found), report)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def revision(self) -> str | None:
        """The last migration its tables have seen; None for a new database."""
        try:
            async with self.read() as connection:
                found = await connection.execute(text("SELECT version_num FROM alembic_version"))
                return found.scalar_one_or_none()
        except DBAPIError:
            return None  # no such table: a new database (a dead server says so in `migrate`)


async def stand_in(connection: AsyncConnection, queue: Queue) -> None:
    """From here to its end this transaction is alone in the queue."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:n)")
        await connection.execute(lock, {"n": int(queue)})


def open_database(settings: DatabaseSettings) -> Database:
    """The database of these settings; nothing is connected before the first statement.

    Raises `ConfigError` for a URL that names no database we serve.
    """
    url = _resolve(settings)
    if url.get_backend_name() == "sqlite":
        return Database(_open_sqlite(url, settings))
    timeout = settings.timeout_seconds
    engine = create_async_engine(
        url,
        pool_size=settings.pool_size,
        pool_timeout=timeout,
        pool_pre_ping=True,
        connect_args={"timeout": timeout, "command_timeout": max(timeout, 60.0)},
        **_JSON,
    )
    return Database(engine)


def newest_revision() -> str:
    """The revision of the last migration: files are named by their revision, one after another."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _resolve(settings: DatabaseSettings) -> URL:
    if settings.url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return URL.create(
            _DRIVERS["sqlite"], database=str(settings.data_dir.absolute() / "switchboard.db")
        )
    try:
        url = make_url(settings.url.get_secret_value())
    except ArgumentError as error:
        raise ConfigError("DATABASE_URL is not a URL such as postgresql://host/name") from error
    kind = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    if kind not in _DRIVERS:
        raise ConfigError(f"DATABASE_URL: {kind} is not served; use postgresql:// or sqlite:///")
    return url.set(drivername=_DRIVERS[kind])


def _open_sqlite(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=settings.pool_size,
        connect_args={"timeout": settings.timeout_seconds},
        **_JSON,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(settings.timeout_seconds * 1000)}")
        _enter_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _enter_wal(cursor: Any) -> None:
    """Switch to WAL; the switch does not heed the busy timeout when several processes try it."""
    for attempt in range(50):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == 49:
                raise
            cursor.execute("SELECT 1")
            _pause()


def _pause() -> None:
    # Runs in the greenlet of a new connection, on a database being created by another process.
    import time

    time.sleep(0.02)


def _import_alembic() -> None:
    importlib.import_module("alembic.command")


def _steps_after(revision: str | None) -> int:
    """How many migrations are to do."""
    names = [path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    return sum(name > (revision or "") for name in names)


def _upgrade(connection: Connection, steps: int, report: Report | None) -> None:
    import alembic.command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    done: list[object] = []

    def applied(**step: object) -> None:
        done.append(step)
        if report is not None:
            report(len(done), max(steps, len(done)))

    config.attributes["applied"] = applied
    alembic.command.upgrade(config, "head")
