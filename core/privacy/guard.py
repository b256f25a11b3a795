"""The guard in the database: rows of an erased conversation are not taken, whoever brings them.

Above: the composition root, right after the migrations. Below: `datamap`, `tables`. A turn in
flight, a follower with an old batch, a retry: each would write what was just deleted. Triggers look
into `tombstones` for every new row, so no writer can forget to. On PostgreSQL they also take a
shared lock that a new tombstone waits for: nothing that began before it ends after it.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database, Queue
from core.privacy.datamap import TABLES
from core.privacy.places import Place

_APPEND_ONLY = "audit_log"


async def install_guard(database: Database) -> int:
    """Make the triggers that are missing; returns how many were made."""
    async with database.read() as connection:
        known = await _triggers(connection, database.dialect)
    wanted = _statements(database.dialect)
    missing = {name: lines for name, lines in wanted.items() if name not in known}
    if not missing:
        return 0
    async with database.write(Queue.GUARD) as connection:
        known = await _triggers(connection, database.dialect)
        made = 0
        for name, lines in missing.items():
            if name in known:
                continue
            for line in lines:
                await connection.exec_driver_sql(line)
            made += 1
    return made


def _statements(dialect: str) -> dict[str, list[str]]:
    make = _of_postgresql if dialect == "postgresql" else _of_sqlite
    found: dict[str, list[str]] = {}
    for place in TABLES:
        if place.erase in {"delete", "blank"} and _links(place):
            for act in ("INSERT", "UPDATE"):
                name = f"guard_{place.name}_{act.lower()}"
                found[name] = make(name, place, act)
    lock = _append_only_postgresql if dialect == "postgresql" else _append_only_sqlite
    for act in ("UPDATE", "DELETE"):
        name = f"guard_{_APPEND_ONLY}_{act.lower()}"
        found[name] = lock(name, act)
    return found


def _links(place: Place) -> list[tuple[str, str]]:
    """(kind of tombstone, column) for each way in which a row may be an erased person's."""
    pairs = (
        ("conversation", place.by_conversation),
        ("contact", place.by_contact),
        ("ticket", place.by_ticket),
    )
    return [(kind, link) for kind, links in pairs for link in links.split()]


def _of_sqlite(name: str, place: Place, act: str) -> list[str]:
    rules: list[str] = []
    for kind, link in _links(place):
        column, *path = link.split(".")
        value = f'NEW."{column}"'
        if path:
            value = f"json_extract({value}, '$.{'.'.join(path)}')"
        rules.append(_entombed(kind, value))
    # RAISE(IGNORE) leaves the row out and lets the rest of the batch be.
    return [
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {act} ON {place.name} "
        f"WHEN {' OR '.join(rules)} BEGIN SELECT RAISE(IGNORE); END"
    ]


def _of_postgresql(name: str, place: Place, act: str) -> list[str]:
    rules: list[str] = []
    for kind, link in _links(place):
        column, *path = link.split(".")
        value = f'NEW."{column}"'
        if path:
            value = f"{value} #>> '{{{','.join(path)}}}'"
        rules.append(_entombed(kind, value))
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_advisory_xact_lock_shared({Queue.ERASURE:d}); "
        f"IF {' OR '.join(rules)} THEN RETURN NULL; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {place.name} FOR EACH ROW "
        f"EXECUTE FUNCTION {name}()",
    ]


def _entombed(kind: str, value: str) -> str:
    found = f"kind = '{kind}' AND id = {value}"
    return f"EXISTS (SELECT 1 FROM tombstones WHERE {found})"  # noqa: S608 -- names of the map only


def _append_only_sqlite(name: str, act: str) -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {act} ON {_APPEND_ONLY} "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    ]


def _append_only_postgresql(name: str, act: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the audit log is append-only'; END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {_APPEND_ONLY} FOR EACH ROW "
        f"EXECUTE FUNCTION {name}()",
    ]


async def _triggers(connection: AsyncConnection, dialect: str) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if dialect == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    return set((await connection.execute(text(query))).scalars().all())
