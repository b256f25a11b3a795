"""A forecast of what the archive counted: made aside, kept for the hour, refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.archive.database import Database, open_database
from core.archive.periods import hour_name
from core.archive.rollup_tables import HOUR_COLUMNS, rolled_hours
from core.archive.settings import DatabaseSettings
from core.forecasting.asking import Forecaster, read_history

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)


async def fill(database: Database, days: int, count: int) -> None:
    zero = dict.fromkeys(HOUR_COLUMNS, 0)
    moments = [NOW - timedelta(hours=number) for number in range(1, days * 24 + 1)]
    rows = [
        {"hour": hour_name(at)} | zero | {"customer": count + 2 * count * (8 <= at.hour < 18)}
        for at in moments
    ]
    async with database.write() as connection:
        await connection.execute(insert(rolled_hours), rows)


async def test_of_less_than_two_weeks_nothing_is_told_and_why(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        nothing = await Forecaster(database).forecast("messages", 24, now=NOW)
        assert nothing.refused is not None and nothing.refused.code == "too_short"
        await fill(database, 13, 5)
        found = await Forecaster(database).forecast("messages", 24, now=NOW)
        assert found.refused is not None and "13.0 days" in found.refused.reason
        assert found.hours == () and found.errors is None
        none = await Forecaster(database).forecast("cases", 24, now=NOW)
        assert none.refused is not None


async def test_of_next_to_nothing_nothing_is_told(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        await fill(database, 20, 0)
        found = await Forecaster(database).forecast("messages", 24, now=NOW)
        assert found.refused is not None and found.refused.code == "too_little"


async def test_hours_in_which_nothing_happened_count_as_none(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        zero = dict.fromkeys(HOUR_COLUMNS, 0)
        ends = ("2026-03-02 04", "2026-03-02 08")
        async with database.write() as connection:
            await connection.execute(
                insert(rolled_hours), [{"hour": name} | zero | {"customer": 3} for name in ends]
            )
        until = NOW.replace(minute=0)
        history = await read_history(database, "messages", 24, until)
        assert history.counts == (3, 0, 0, 0, 3)
        assert history.start == until - timedelta(hours=5)


@pytest.mark.slow
async def test_a_forecast_is_made_in_a_process_of_its_own_once_an_hour(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        await fill(database, 20, 5)
        forecaster = Forecaster(database)
        found = await forecaster.forecast("messages", 12, now=NOW)
        assert [hour.at.hour for hour in found.hours][:3] == [9, 10, 11]
        assert 12 <= found.hours[0].expected <= 18 and found.errors is not None
        assert await forecaster.forecast("messages", 12, now=NOW) is found
        later = await forecaster.forecast("messages", 12, now=NOW + timedelta(hours=1))
        assert later is not found
