"""Where the archive ends: a full disk, a full journal, tables of another version."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from core import telemetry
from core.archive.database import Database, newest_revision, open_database
from core.archive.settings import DatabaseSettings
from core.bus.connect import Bus
from core.bus.settings import BusSettings
from core.bus.trimming import JournalTrimmer
from core.errors import ConfigError
from core.runtime import spawn
from tests.fakes.archived_house import House
from tests.fakes.waiting import until_found

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@sqlite_only
async def test_a_full_disk_is_waited_out_while_messages_come_in(
    bus: Bus, database: Database
) -> None:
    house, stop = House(bus, database), asyncio.Event()
    name = await house.begin()
    await house.say(name, 0, "before")
    await house.archive()

    async def let_grow(pages: int) -> None:
        # As the disk would: the database may not take one page more. Of every connection's own.
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    async with database.engine.connect() as connection:
        used = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    await database.engine.dispose()
    await let_grow(used)
    service = spawn(house.follower.run(stop, asyncio.Event()), name="archive")
    with capture_logs() as logs:
        for number in range(1, 40):
            await house.say(name, number, "a long story " * 40)
        await until_found(lambda: _is_warned(logs))
    assert (await house.bus.journal.lag("archive")).records > 0
    await let_grow(1 << 30)
    await until_found(lambda: house.bus.journal.is_read("archive"), seconds=30)
    stop.set()
    await service
    assert [entry.seq for entry in await house.vault.entries(name)] == list(range(1, 41))


async def _is_warned(logs: list[Any]) -> bool:
    return any(line["event"] == "archive_write_failed" for line in logs)


@sqlite_only
async def test_a_journal_at_its_bound_is_cut_with_an_alarm_and_nothing_is_lost(
    bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(bus, database)
    name = await house.begin()
    await house.say(name, 0, "word 0")
    await house.archive()  # there is a follower, and it goes away
    for number in range(1, 300):
        await house.say(name, number, f"word {number}")
    settings = BusSettings(journal_most=1_000)
    trimmer = JournalTrimmer(bus.journal, settings, group="archive")
    monkeypatch.setattr("core.bus.trimming._LATE_SECONDS", 0.0)
    trimmer.trim_now()
    with capture_logs() as logs:
        await trimmer.look()
    told = {line["event"]: line["log_level"] for line in logs}
    assert told == {"archive_is_behind": "error", "journal_cut": "error"}
    dropped = next(line["dropped"] for line in logs if line["event"] == "journal_cut")
    assert dropped > 0
    assert telemetry.REGISTRY.get_sample_value("switchboard_archive_behind_records") == 299
    await house.archive()
    assert len(await house.vault.entries(name)) < 300
    await house.late_keeper().sweep()
    await house.archive()
    assert [entry.seq for entry in await house.vault.entries(name)] == list(range(1, 301))


async def test_tables_of_a_newer_version_are_refused_and_left_alone(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999_tomorrow'"))
    with pytest.raises(ConfigError, match="newer than this version"):
        await database.migrate()
    assert await database.revision() == "9999_tomorrow"


async def test_older_tables_are_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate(lambda done, total: steps.append((done, total)))
        assert await database.revision() == newest_revision()
    total = len(steps)
    assert steps == [(done, total) for done in range(1, total + 1)]
    assert total > 10


@pytest.mark.bench
@pytest.mark.timeout(600)
@sqlite_only
async def test_how_fast_it_catches_up_and_rebuilds(bus: Bus, database: Database) -> None:
    """Prints records a second, and the seconds for 3,000 open conversations: less than half of
    what it took to archive them."""
    import time

    house = House(bus, database)
    await house.watch.look()

    async def talk() -> None:
        name = await house.begin()
        for number in range(3):
            await house.say(name, number, f"question {number} " * 8)
            if number < 2:
                await house.answer(name, f"answer {number} " * 20)

    for _ in range(30):
        await asyncio.gather(*(talk() for _ in range(100)))
    began, behind = time.monotonic(), (await bus.journal.lag("archive")).records
    await house.archive()
    took = time.monotonic() - began
    await house.lose()
    await house.watch.look()
    life = await house.book.newest()
    assert life is not None
    assert life.made.conversations == 3_000
    print(f"{behind / took:,.0f} records/s; 3,000 rebuilt in {life.made.seconds:.1f} s")  # noqa: T201
    assert life.made.seconds < took / 2
