"""The keeper of cases on a real store: reminders, returns, closings, promises; and its death."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.archive.database import open_database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.queue import DeskQueue
from core.archive.settings import DatabaseSettings
from core.archive.tables import turns
from core.bus.connect import Bus
from core.bus.scripts import Script
from core.conversation import Accepted
from core.messages import InboundEvent
from tests.fakes.casework import ANNA, CUSTOMER, CaseBench, rules_of


async def taken(bus: Bus, **desk: Any) -> CaseBench:
    """A case that Anna has answered, and whose customer writes again."""
    bench = await CaseBench.begin(bus, rules_of(**desk))
    await bench.hand_over()
    await bench.say("Let me look.", ANNA)
    await bench.say("Thank you. And my invoice?")
    await bench.keep()
    return bench


async def test_people_are_reminded_before_the_first_reply_is_due_and_when_it_broke(
    bus: Bus,
) -> None:
    bench = await CaseBench.begin(bus, rules_of(untaken_minutes=600, ladder_minutes=10))
    await bench.hand_over()
    await bench.keep()
    assert await bench.own() == []
    alarm = await bench.alarm()
    assert alarm is not None
    assert timedelta(minutes=7) < alarm <= timedelta(minutes=7.5)
    await bench.keep(after=8)
    assert await bench.own() == ["sla_soon"]
    await bench.keep(after=3)
    await bench.keep(after=10)
    await bench.keep(after=10)
    assert await bench.own() == ["sla_soon", "sla_broken", "sla_broken", "prioritise", "sla_broken"]
    assert (await bench.head()).priority == "high"


async def test_the_reminders_of_a_case_stop_with_a_person_s_word(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of())
    await bench.hand_over()
    await bench.say("I am on it now.", ANNA)
    await bench.keep()
    await bench.keep(after=60)
    assert await bench.own() == []


async def test_whoever_comes_late_is_told_of_the_highest_step_only(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(untaken_minutes=600))
    await bench.hand_over()
    await bench.keep()
    await bench.keep(after=15)
    assert await bench.own() == ["sla_broken"]
    assert (await bench.entries())[-1].value == "first_reply:1"


async def test_the_resolution_has_a_clock_too(bus: Bus) -> None:
    bench = await taken(bus, idle_minutes=0, return_minutes=0, resolution_minutes={"medium": 100})
    await bench.say("It is on its way.", ANNA)
    await bench.keep()
    await bench.keep(after=80)
    await bench.keep(after=25)
    assert await bench.own() == ["sla_soon", "sla_broken"]
    assert [entry.value for entry in (await bench.entries())[-2:]] == [
        "resolution:0",
        "resolution:1",
    ]


async def test_a_case_with_nothing_due_writes_nothing_and_has_one_alarm(bus: Bus) -> None:
    bench = await taken(bus)
    before = await bench.head()
    await bench.keep()
    assert (await bench.head()).seq == before.seq
    assert await bench.alarm() is not None


async def test_a_snooze_ends_in_the_queue_again_and_silences_until_then(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(untaken_minutes=600))
    await bench.hand_over()
    until = bench.now() + timedelta(minutes=30)
    await bench.act("snooze", value=until.isoformat())
    await bench.keep()
    await bench.keep(after=15)
    assert await bench.own() == []
    await bench.keep(after=16)
    assert await bench.own() == ["snooze_over", "prioritise", "sla_broken"]


async def test_an_idle_person_is_reminded_and_then_the_ai_goes_on(bus: Bus) -> None:
    """Complaint 2 of the peers: no clean way back to the bot."""
    bench = await taken(bus, idle_minutes=15, return_minutes=60)
    await bench.keep(after=16)
    assert await bench.own() == ["idle_return"]
    assert (await bench.head()).owner == "human"
    await bench.keep(after=46)
    assert await bench.own() == ["idle_return", "release"]
    last = (await bench.entries())[-1]
    assert (last.reason, (await bench.head()).owner) == ("idle", "ai")
    assert "And my invoice?" in (last.value or "")


async def test_the_idle_return_can_be_turned_off(bus: Bus) -> None:
    bench = await taken(bus, return_minutes=0)
    await bench.keep(after=16)
    await bench.keep(after=60 * 24)
    assert "release" not in await bench.own()


async def test_a_customer_who_was_never_answered_is_not_given_back_to_the_ai(bus: Bus) -> None:
    """Complaint 19: who asked for a person gets one."""
    bench = await CaseBench.begin(bus, rules_of(return_minutes=20, idle_minutes=10))
    await bench.hand_over()
    await bench.act("take")
    await bench.keep()
    for _ in range(6):
        await bench.keep(after=60)
    assert "release" not in await bench.own()
    assert (await bench.head()).owner == "human"


async def test_a_word_of_a_person_between_reading_and_returning_stops_the_return(bus: Bus) -> None:
    """Complaint 1 and 2: the AI never gets what a person has just answered."""
    bench = await taken(bus, idle_minutes=15, return_minutes=60)
    await bench.keep(after=16)
    keeper, log = bench.keepers[0], bus.log
    accept = log.accept

    async def late(event: InboundEvent, **options: Any) -> Accepted:
        if event.action == "release":
            await bench.say("Here is your invoice.", ANNA)
            object.__setattr__(log, "accept", accept)
        return await accept(event, **options)

    object.__setattr__(log, "accept", late)
    await bench.keep(keeper, after=46)
    assert (await bench.head()).owner == "human"
    assert await bench.own() == ["idle_return"]


async def test_a_silent_customer_gets_a_polite_word_and_the_case_is_closed(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(quiet_days=7, resolution_minutes={"medium": 0}))
    await bench.hand_over()
    await bench.say("Done. Is there anything else?", ANNA)
    await bench.keep()
    await bench.keep(after=6 * 24 * 60)
    assert await bench.own() == []
    await bench.keep(after=24 * 60 + 1)
    assert await bench.own() == ["quiet", "close"]
    assert "closing this conversation" in (await bench.told())[0]
    assert (await bench.head()).status == "closed"
    assert await bench.alarm() is None
    await bench.say("One more thing.")
    assert (await bench.head()).owner == "ai"


async def test_a_promise_becomes_a_reminder_also_after_the_return(bus: Bus) -> None:
    bench = await CaseBench.begin(bus)
    await bench.hand_over()
    await bench.say("Let me see.", ANNA)
    await bench.act("release", value='{"decided": "", "promised": ["We will call in 3 hours"]}')
    await bench.keep()
    await bench.keep(after=140)
    assert await bench.own() == []
    await bench.keep(after=15)
    assert await bench.own() == ["promise_due"]
    await bench.keep(after=600)
    assert await bench.own() == ["promise_due"]
    assert "We will call in 3 hours" in (await bench.entries())[-1].text


async def test_a_promise_without_a_time_is_kept_by_the_next_word(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(resolution_minutes={"medium": 0}))
    await bench.hand_over()
    await bench.say("I will check it.", ANNA)
    await bench.say("It is on its way, all fine.", ANNA)
    await bench.keep()
    await bench.keep(after=2 * 24 * 60)
    assert await bench.own() == []


async def test_a_case_that_a_person_opened_has_a_record_too(bus: Bus) -> None:
    bench = await CaseBench.begin(bus)
    await bench.say("My parcel is broken.")
    await bench.act("escalate", reason="impact")
    await bench.keep()
    head = await bench.head()
    case = (await bus.log.receipt(bench.conversation, head.case) or {})["case"]
    assert (case["reason"], case["rule"], case["suggestion"]) == ("impact", "by_hand", None)
    assert case["summary"] == "customer: My parcel is broken."
    assert (await bench.entries())[-1].text.endswith("customer: My parcel is broken.")
    await bench.say("Hm.")
    await bench.keep(bench.add_keeper())  # another process reads it, and makes none
    assert (await bus.log.receipt(bench.conversation, head.case) or {})["case"] == case
    assert await bench.own() == ["case"]


async def test_the_queue_knows_who_waits_and_how_long_first_replies_took(bus: Bus) -> None:
    bench = await CaseBench.begin(bus)
    await bench.hand_over()
    await bench.keep()
    assert await bus.pulse.waiting() == 1
    await bench.say("I am here.", ANNA)
    await bench.keep()
    assert await bus.pulse.waiting() == 0
    await bench.say("Good.", CUSTOMER)
    await bench.act("close")
    await bench.keep()
    assert await bus.pulse.waiting() == 0


async def test_two_keepers_do_nothing_twice(bus: Bus) -> None:
    bench = await CaseBench.begin(bus, rules_of(untaken_minutes=600))
    await bench.hand_over()
    other = bench.add_keeper()
    await bench.keep()
    await bench.keep(other, after=8)
    await bench.say("Hello?")
    await bench.keep()
    await bench.keep(other, after=3)
    assert await bench.own() == ["sla_soon", "sla_broken"]


async def test_a_keeper_that_dies_leaves_no_act_undone_and_none_done_twice(bus: Bus) -> None:
    """Killed before every step of the store, claim to finish; then another goes on."""
    died = 0
    for step in range(8):
        bench = await CaseBench.begin(bus, rules_of(quiet_days=1, resolution_minutes={"medium": 0}))
        await bench.hand_over()
        await bench.say("Done.", ANNA)
        await bench.keep()
        died += await die_before(bench, step)
        await bench.keep(bench.add_keeper())
        assert await bench.own() == ["quiet", "close"], step
        assert await bench.alarm() is None
    assert 4 <= died < 8


class KilledError(BaseException):
    """A kill -9."""


async def die_before(bench: CaseBench, step: int) -> bool:
    """Two days later a keeper works, and is killed before so many steps of the store are done;
    its lease runs out. False: it was done before."""
    calls, left = bench.bus.calls, step
    script = calls.script

    async def one(*words: Any) -> Any:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return await script(*words)

    object.__setattr__(calls, "script", one)
    try:
        await bench.keep(bench.add_keeper(), after=2 * 24 * 60)
        return False
    except KilledError:
        return True
    finally:
        object.__setattr__(calls, "script", script)
        await bench.expire()


async def test_the_archive_and_the_queue_know_a_case_that_a_person_opened(
    bus: Bus, data_dir: Path
) -> None:
    bench = await CaseBench.begin(bus)
    await bench.say("My parcel is broken.")
    await bench.act("escalate", reason="impact")
    await bench.keep()
    async with open_database(DatabaseSettings.model_validate({"data_dir": data_dir})) as database:
        await database.migrate()
        async for batch in bus.journal.follow(GROUP, "test", asyncio.Event()):
            await ArchiveFollower(bus.journal, bus.log, database).store(batch)
            break
        async with database.read() as connection:
            turns_kept = (await connection.execute(select(turns))).all()
        queue = await DeskQueue(database, bench.rules).list()
    assert turns_kept == []  # it is no turn
    assert [(row["id"], row["case"]["reason"]) for row in queue] == [(bench.conversation, "impact")]


async def test_a_word_that_makes_nothing_due_costs_a_claim_and_a_finish(bus: Bus) -> None:
    bench = await taken(bus)
    await bench.say("Another word.")
    calls, asked = bus.calls, list[str]()
    script, command = calls.script, calls.command

    async def count_script(one: Script, *words: Any) -> Any:
        asked.append(one.name)
        return await script(one, *words)

    async def count_command(*words: Any) -> Any:
        asked.append(str(words[0]))
        return await command(*words)

    wake = await bench.wake("case")
    object.__setattr__(calls, "script", count_script)
    object.__setattr__(calls, "command", count_command)
    await bench.keepers[0].handle(wake)
    assert [name for name in asked if name != "EVALSHA"] == ["claim", "finish"]
