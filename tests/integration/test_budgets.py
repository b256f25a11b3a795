"""The shared counters of what models cost: all workers together stay within a limit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.bus.budgets import StoredMeters
from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from core.metering import Amount, Used

HOUR = Amount(tokens=1000, money=0.5)
DAY = Amount(tokens=1500)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 10, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def meters(bus: Bus, clock: Hand | None = None) -> StoredMeters:
    return StoredMeters(bus.calls, shards=bus.settings.shards, clock=clock or Hand())


async def take(counter: StoredMeters, contact: str, tokens: int, money: float = 0.0) -> str | None:
    amount = Amount(tokens=tokens, money=money)
    return await counter.reserve(contact, amount, hour=HOUR, day=DAY)


async def test_a_contact_cannot_pass_its_hour_and_others_do_not_mind(bus: Bus) -> None:
    counter = meters(bus)
    assert await take(counter, "ann", 900) is None
    assert await take(counter, "ann", 200) == "contact_hour"
    assert await take(counter, "ann", 100) is None
    assert await take(counter, "bob", 500) is None


async def test_money_counts_as_well(bus: Bus) -> None:
    counter = meters(bus)
    assert await take(counter, "ann", 1, money=0.4) is None
    assert await take(counter, "ann", 1, money=0.2) == "contact_hour"


async def test_the_day_is_everybodys_and_a_refusal_takes_nothing(bus: Bus) -> None:
    counter = meters(bus)
    assert await take(counter, "ann", 1000) is None
    assert await take(counter, "bob", 600) == "day"
    assert await take(counter, "bob", 500) is None
    assert await take(counter, "cem", 1) == "day"


async def test_what_was_thought_is_corrected_by_what_was_used(bus: Bus) -> None:
    counter = meters(bus)
    assert await take(counter, "ann", 1000) is None
    await counter.settle("ann", Amount(tokens=-700))
    assert await take(counter, "ann", 700) is None
    assert await take(counter, "ann", 1) == "contact_hour"


async def test_the_next_hour_begins_at_nothing(bus: Bus) -> None:
    clock = Hand()
    counter = meters(bus, clock)
    assert await take(counter, "ann", 1000) is None
    clock.at += timedelta(minutes=2)
    assert await take(counter, "ann", 500) is None


async def test_workers_side_by_side_do_not_pass_a_limit_together(bus: Bus) -> None:
    several = [meters(bus) for _ in range(4)]
    asked = [take(several[n % 4], "ann", 100) for n in range(40)]
    answers = await asyncio.gather(*asked)
    assert answers.count(None) == 10


async def test_counters_end_by_themselves(bus: Bus) -> None:
    await take(meters(bus), "ann", 1)
    names = [name async for name in bus.client.scan_iter("*:spent:*")]  # type: ignore[union-attr]
    assert names
    for name in names:
        assert await bus.calls.command("TTL", name) > 0


async def test_what_was_spent_is_known_after_a_restart_of_the_store(data_dir: Path) -> None:
    settings = BusSettings(data_dir=data_dir, fsync="always")
    async with open_bus(settings) as first:
        assert await take(meters(first), "ann", 900, money=0.25) is None
    async with open_bus(settings) as again:
        counter = meters(again)
        used = await counter.used("ann")
        assert used == Used(hour=Amount(tokens=900, money=0.25), day=Amount(tokens=900, money=0.25))
        assert await take(counter, "ann", 200) == "contact_hour"
        assert await counter.used("bob") == Used(day=Amount(tokens=900, money=0.25))
