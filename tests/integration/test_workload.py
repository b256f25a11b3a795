"""How busy specialists are: from the board of all workers, and from the receipts of the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.archive.database import Database
from core.archive.tables import turns
from core.archive.workload import Load, read_loads
from core.bus.board import WorkBoard
from core.bus.connect import Bus

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def write(
    database: Database, whose: str | None, milliseconds: list[float], *,
    outcome: str = "reply", minutes_ago: int = 5,
) -> None:  # fmt: skip
    rows = [
        {
            "conversation": f"{whose}-{outcome}-{minutes_ago}", "seq": number, "specialist": whose,
            "at": NOW - timedelta(minutes=minutes_ago),
            "receipt": {"milliseconds": took, "outcome": outcome},
        }
        for number, took in enumerate(milliseconds)
    ]  # fmt: skip
    async with database.write() as connection:
        await connection.execute(turns.insert(), rows)


async def test_turns_of_the_last_hour_are_counted_by_specialist(database: Database) -> None:
    await write(database, "billing", [1000.0 * n for n in range(1, 101)])
    await write(database, "billing", [2000.0] * 25, outcome="escalate")
    await write(database, "sales", [500.0])
    await write(database, "sales", [9000.0] * 5, minutes_ago=61)
    await write(database, None, [1.0])
    loads = await read_loads(database, now=NOW)
    assert loads["sales"] == Load(turns=1, mean_seconds=0.5, p95_seconds=0.5, escalated=0.0)
    billing = loads["billing"]
    assert (billing.turns, billing.escalated) == (125, 0.2)
    assert billing.mean_seconds == pytest.approx(40.8)
    assert billing.p95_seconds == pytest.approx(94.0)
    assert set(loads) == {"billing", "sales"}


async def test_a_receipt_without_figures_does_not_hurt(database: Database) -> None:
    async with database.write() as connection:
        row = {"conversation": "c", "seq": 1, "specialist": "billing", "at": NOW, "receipt": {}}
        await connection.execute(turns.insert(), [row])
    assert (await read_loads(database, now=NOW))["billing"] == Load(turns=1)


async def test_the_board_is_one_for_all_workers_and_forgets_the_dead(bus: Bus) -> None:
    one, two = WorkBoard(bus.calls), WorkBoard(bus.calls)
    await one.enter("billing", "c1", seconds=60)
    await two.enter("billing", "c2", seconds=60)
    await two.enter("sales", "c3", seconds=60)
    await two.enter("sales", "c4", seconds=-1)
    assert await one.active() == {"billing": 2, "sales": 1}
    await one.leave("billing", "c2")
    assert await two.active() == {"billing": 1, "sales": 1}
