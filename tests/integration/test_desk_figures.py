"""Who is on duty and how busy the desk is, in a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.bus.connect import Bus
from core.bus.duty import DutyList
from core.bus.pulse import DeskPulse

NOON = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


async def test_people_go_on_duty_and_off_and_everybody_sees_it(bus: Bus) -> None:
    mine, other = DutyList(bus.calls), DutyList(bus.calls)
    await mine.on("slack:T1:U1", "Anna", languages=("en", "cs"))
    await mine.set("desk:2", "Ben", on=True)
    assert [(one.name, one.languages) for one in await other.list()] == [
        ("Anna", ("en", "cs")),
        ("Ben", ()),
    ]
    assert await other.off("slack:T1:U1")
    assert not await other.off("slack:T1:U1")
    assert await other.set("desk:2", on=False) is None
    assert await mine.list() == []


async def test_who_forgets_to_go_off_is_off_by_itself(bus: Bus) -> None:
    clock = Hand()
    duty = DutyList(bus.calls, hours=8, clock=clock)
    await duty.on("a", "Anna")
    await duty.on("b", "Ben", until=NOON + 20 * MINUTE)
    clock.at = NOON + 30 * MINUTE
    assert [one.id for one in await duty.list()] == ["a"]
    again = await duty.on("a", "Anna")
    assert (again.since, again.until) == (NOON, clock.at + timedelta(hours=8))
    clock.at = NOON + timedelta(hours=9)
    assert await duty.find("a") is None
    assert await duty.list() == []


async def test_an_empty_list_says_something_only_where_people_keep_one(bus: Bus) -> None:
    assert await bus.duty.count() is None
    await bus.duty.on("a", "Anna")
    assert await bus.duty.count() == 1
    await bus.duty.off("a")
    assert await bus.duty.count() == 0


async def test_the_queue_counts_each_conversation_once(bus: Bus) -> None:
    pulse = DeskPulse(bus.calls, clock=Hand())
    await pulse.note_waiting("one", NOON)
    await pulse.note_waiting("one", NOON + MINUTE)
    await pulse.note_waiting("two", NOON)
    await pulse.note_waiting("lost", NOON - timedelta(days=30))
    assert await pulse.waiting() == 2
    await pulse.note_waiting("one", None)
    await pulse.note_waiting("one", None)
    assert await pulse.waiting() == 1


async def test_how_long_a_first_reply_takes_is_unknown_until_there_were_some(bus: Bus) -> None:
    pulse = DeskPulse(bus.calls, clock=Hand())
    for number, seconds in enumerate((60, 600)):
        await pulse.note_first_reply("c", number, at=NOON, seconds=seconds)
        await pulse.note_first_reply("c", number, at=NOON, seconds=seconds)  # told twice
    assert await pulse.first_reply_seconds() is None
    await pulse.note_first_reply("c", 3, at=NOON, seconds=120)
    await pulse.note_first_reply("c", 4, at=NOON - timedelta(days=30), seconds=9_999)
    assert await pulse.first_reply_seconds() == 120


async def test_outages_are_counted_for_some_minutes_and_never_one_s_own(bus: Bus) -> None:
    clock = Hand()
    pulse = DeskPulse(bus.calls, clock=clock)
    for number in range(4):
        await pulse.note_outage(f"c{number}", NOON + number * MINUTE)
    clock.at = NOON + 5 * MINUTE
    assert await pulse.outages(minutes=15, but="other") == 4
    assert await pulse.outages(minutes=15, but="c0") == 3
    assert await pulse.outages(minutes=3.5) == 2
    assert await pulse.outages(minutes=3.5, but="c0") == 2  # its own is too old to count anyway
