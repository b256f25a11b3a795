"""What processes count together: windows, blocks and first times, in the store and without one."""

from __future__ import annotations

import asyncio

import pytest

from core.bus.connect import Bus
from core.bus.limits import StoredLimits
from core.limits import Limits, OwnLimits, Window

TEN_MINUTES, HALF_HOUR = Window(600, 3), Window(1800, 4)


@pytest.fixture(params=["stored", "own"])
def limits(request: pytest.FixtureRequest, bus: Bus) -> Limits:
    if request.param == "own":
        return OwnLimits()
    return StoredLimits(bus.calls, shards=bus.settings.shards)


async def test_a_full_window_is_named_and_other_names_do_not_mind(limits: Limits) -> None:
    windows = [TEN_MINUTES, HALF_HOUR]
    for number in range(3):
        assert await limits.take("ann", f"mark {number}", windows) is None
    assert await limits.take("ann", "one more", windows) == TEN_MINUTES
    assert await limits.take("bob", "one more", windows) is None


async def test_the_longer_window_counts_too(limits: Limits) -> None:
    for number in range(4):
        assert await limits.take("ann", f"{number}", [HALF_HOUR]) is None
    assert await limits.take("ann", "5", [Window(600, 100), HALF_HOUR]) == HALF_HOUR


async def test_the_same_mark_is_counted_once(limits: Limits) -> None:
    for _ in range(10):
        assert await limits.take("ann", "the same", [TEN_MINUTES]) is None
    assert await limits.take("ann", "2", [TEN_MINUTES]) is None
    assert await limits.take("ann", "3", [TEN_MINUTES]) is None
    assert await limits.take("ann", "4", [TEN_MINUTES]) == TEN_MINUTES
    assert await limits.take("ann", "the same", [TEN_MINUTES]) is None


async def test_a_window_has_room_again_when_its_time_is_over(limits: Limits) -> None:
    short = Window(3, 1)
    assert await limits.take("ann", "1", [short]) is None
    assert await limits.take("ann", "2", [short]) == short
    async with asyncio.timeout(20):
        while await limits.take("ann", "2", [short]) is not None:
            await asyncio.sleep(0.02)


async def test_a_block_tells_its_reason_and_ends(limits: Limits) -> None:
    assert await limits.blocked("ann") is None
    await limits.block("ann", "550 no such user", 60)
    assert await limits.blocked("ann") == "550 no such user"
    await limits.unblock("ann")
    assert await limits.blocked("ann") is None
    await limits.block("ann", "again", 0.05)
    async with asyncio.timeout(20):
        while await limits.blocked("ann") is not None:
            await asyncio.sleep(0.01)


async def test_the_first_time_stays_the_same(limits: Limits) -> None:
    first = await limits.first_time("mailbox")
    assert await limits.first_time("mailbox") == first
    assert await limits.first_time("another") >= first


async def test_a_note_is_kept_until_its_time_is_over_or_another_takes_its_place(
    limits: Limits,
) -> None:
    assert await limits.kept("thread") is None
    await limits.keep("thread", "první", 60)
    await limits.keep("thread", "druhý", 60)
    assert await limits.kept("thread") == "druhý"
    await limits.keep("thread", "soon gone", 0.02)
    async with asyncio.timeout(20):
        while await limits.kept("thread") is not None:
            await asyncio.sleep(0.01)


async def test_processes_side_by_side_cannot_pass_a_window_together(bus: Bus) -> None:
    two = [StoredLimits(bus.calls, shards=bus.settings.shards) for _ in range(2)]
    taken = await asyncio.gather(
        *(two[number % 2].take("ann", str(number), [TEN_MINUTES]) for number in range(40))
    )
    assert taken.count(None) == TEN_MINUTES.most
