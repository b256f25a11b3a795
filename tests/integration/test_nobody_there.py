"""What customers are told while nobody is there, and what they may answer: on a real store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.bus.alarms import AlarmClock
from core.bus.connect import Bus
from core.escalation.hours import Hours
from core.escalation.standing import standing_of
from core.runtime import running
from tests.fakes.casework import ANNA, CaseBench, rules_of
from tests.fakes.waiting import until_found

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def closed_now() -> Hours:
    """A desk that is open on one day only, and that is not today or tomorrow."""
    day = _DAYS[(datetime.now(UTC).weekday() + 3) % 7]
    return Hours.model_validate({day: "09:00-17:00"})


async def test_outside_the_hours_the_customer_is_told_once_when_people_are_back(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()))
    await bench.hand_over()
    await bench.keep()
    assert len(await bench.told()) == 1
    assert "back on" in (await bench.told())[0] and "09:00 (UTC)" in (await bench.told())[0]
    await bench.say("Hello?")
    await bench.keep()
    await bench.keep(after=60)
    await bench.say("Is anybody there?")
    await bench.keep()
    assert len(await bench.told()) == 1


async def test_how_long_it_took_lately_is_said_when_known_and_never_made_up(bus: Bus) -> None:
    bench = await CaseBench.begin(bus)
    await bench.hand_over()
    await bench.keep()
    await bench.keep(after=6)
    assert "How long it will take I cannot say." in (await bench.told())[0]
    for number in range(3):
        await bus.pulse.note_first_reply("cv", number, at=bench.now(), seconds=1500)
    other = await CaseBench.begin(bus, language="de")
    await other.hand_over()
    await other.keep()
    await other.keep(after=6)
    assert "etwa 25\u00a0Min." in (await other.told())[0]


async def test_with_nobody_on_duty_the_customer_is_told_at_once(bus: Bus) -> None:
    await bus.duty.on("a", "Anna")
    bench = await CaseBench.begin(bus)
    await bench.hand_over()
    await bench.keep()
    assert await bench.told() == []
    await bus.duty.off("a")
    other = await CaseBench.begin(bus)
    await other.hand_over()
    await other.keep()
    assert "Nobody is at the desk" in (await other.told())[0]


async def test_who_is_told_while_a_person_takes_it_is_told_nothing(bus: Bus) -> None:
    bench = await CaseBench.begin(bus)
    await bench.hand_over()
    await bench.act("take")
    await bench.keep()
    await bench.keep(after=6)
    assert await bench.told() == []


@pytest.mark.parametrize(
    ("language", "answer", "address"),
    [("en", "jo@example.com", "jo@example.com"), ("cs", "můj mail je jo@example.cz, díky",
     "jo@example.cz"), ("ru", "jo@example.ru", "jo@example.ru")],
)  # fmt: skip
async def test_an_address_is_understood_while_people_own_the_conversation(
    bus: Bus, language: str, answer: str, address: str
) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()), language=language)
    await bench.hand_over()
    await bench.keep()
    offer = (await bench.entries())[-1]
    assert [button.value for row in offer.parts for button in row.buttons] == [
        "desk:email",
        "desk:wait",
    ]
    await bench.say("", kind="control", action="button", value="desk:email")
    await bench.keep()
    await bench.say(answer)
    await bench.keep()
    assert await bench.own() == ["nobody_there", *["follow_up_email"] * 3]
    assert address in (await bench.told())[-1]
    assert standing_of(await bench.entries(), start=2).follow_up == address
    await bench.keep(after=600)
    assert len(await bench.told()) == 3


async def test_a_known_address_is_offered_masked_and_kept_whole(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()), email="joanna@example.com")
    await bench.hand_over()
    await bench.keep()
    offer = (await bench.entries())[-1]
    assert offer.parts[0].buttons[0].label == "Write to j…@example.com"
    await bench.say("1")  # a channel without buttons
    await bench.keep()
    assert standing_of(await bench.entries(), start=2).follow_up == "joanna@example.com"
    assert "joanna" not in " ".join(await bench.told())


async def test_who_waits_is_left_in_peace(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()))
    await bench.hand_over()
    await bench.keep()
    await bench.say("", kind="control", action="button", value="desk:wait")
    await bench.keep()
    assert (await bench.told())[-1] == "All right. The answer will come here."
    await bench.keep(after=600)
    assert len(await bench.told()) == 2


async def test_an_address_in_a_talk_with_a_person_is_theirs_to_read(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()))
    await bench.hand_over()
    await bench.keep()
    await bench.say("Which address did you order with?", ANNA)
    await bench.say("jo@example.com")
    await bench.keep()
    assert len(await bench.told()) == 1


@pytest.mark.parametrize("channel", ["email", "web"])
async def test_email_is_offered_only_where_it_helps(bus: Bus, channel: str) -> None:
    bench = await CaseBench.begin(
        bus, rules_of(hours=closed_now()), channel=channel, offers_email=False
    )
    await bench.hand_over()
    await bench.keep()
    told = await bench.told()
    assert told == [] if channel == "email" else "by email" not in told[0]
    assert not any(entry.parts for entry in await bench.entries())


async def test_the_service_hears_of_a_case_by_itself_and_by_its_alarm(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(hours=closed_now()))
    stop, ready = asyncio.Event(), asyncio.Event()
    clock = AlarmClock(bus.calls, shards=bus.settings.shards)
    keeper = bench.keepers[0]
    async with (
        running(keeper.run(stop, ready), name="keeper"),
        running(clock.run(stop, asyncio.Event()), name="alarms"),
    ):
        await ready.wait()
        await bench.hand_over()
        await until_found(bench.told)
        await bench.act("snooze", value=(bench.now() + timedelta(seconds=0.4)).isoformat())
        await until_found(lambda: _has(bench, "snooze_over"))


async def _has(bench: CaseBench, what: str) -> bool:
    return what in await bench.own()
