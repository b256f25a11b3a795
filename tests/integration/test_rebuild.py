"""The store loses everything, or a part: it is rebuilt from the archive, and all goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.archive.database import Database
from core.archive.follower import GROUP
from core.archive.lives import ArchiveLives
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys, alarms_key, ready_key
from core.bus.rebuild import StoreWatch
from core.bus.snapshot import Snapshot
from core.conversation import Claim, NotClaimed, TurnCommit
from core.errors import BusUnavailable, NotFound
from core.ids import ConversationId, EntryId
from core.messages import Address, Author, EntryBody
from tests.fakes.archived_house import House, house

__all__ = ["house"]

PLACE = Address(channel="telegram", account="7", chat="42")


async def test_an_open_conversation_goes_on_where_it_was(house: House) -> None:
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.answer(name, "answer 0")
    await house.archive()
    before = await house.log.head(name)
    await house.lose()
    assert await house.watch.look() == "wiped"
    assert await house.log.head(name) == before
    assert await house.texts(name) == ["question 0", "answer 0"]
    assert await house.log.receipt(name, 2) == {"text": "answer 0"}
    await house.say(name, 1, "question 1")
    claim = await house.claim(name)
    assert (claim.state, len(claim.history)) == ({"last": "answer 0"}, 2)
    assert await house.watch.look() is None


async def test_what_was_asked_and_not_answered_is_answered_once(house: House) -> None:
    name = await house.begin()
    await house.say(name, 0, "question 0")
    zombie = await house.claim(name)
    await house.archive()
    await house.lose()
    await house.watch.look()
    late = TurnCommit(
        entries=(EntryBody(id=EntryId("x"), author=Author(role="ai"), text="too late"),)
    )
    assert (await house.log.commit(zombie, late)).outcome == "stale"
    await house.answer(name, "answer 0")
    assert (await house.log.commit(zombie, late)).outcome == "stale"
    assert await house.texts(name) == ["question 0", "answer 0"]
    head = await house.log.head(name)
    assert not head.scheduled


async def test_what_people_own_stays_theirs(house: House) -> None:
    name = await house.begin()
    await house.say(name, 0, "A human please")
    await house.answer(name, "I fetch one")
    await house.act(name, "take")
    await house.archive()
    due = datetime.now(UTC) + timedelta(hours=1)
    claim = await house.claim(name, "desk")
    assert await house.log.anchor(claim, '{"thread":"1.2"}')
    await house.archive()
    claim = await house.claim(name, "case")
    assert await house.log.finish(claim, seen=claim.entries[-1].seq, alarm=due)
    await house.archive()
    before = await house.log.head(name)
    await house.lose()
    await house.watch.look()
    head = await house.log.head(name)
    assert (head.owner, head.epoch, head.case, head.desk) == (
        "human", before.epoch, before.case, '{"thread":"1.2"}',
    )  # fmt: skip
    keys = ConversationKeys.of(name)
    score: Any = await house.bus.calls.command("ZSCORE", alarms_key(keys.shard), name)
    assert int(float(score)) == int(due.timestamp() * 1000)
    await house.say(name, 1, "hello?")
    assert not await house.bus.calls.command("HEXISTS", keys.head, "w:engine") or (
        (await house.claim(name)).head.owner == "human"
    )
    # The case had read everything, the desk nothing: each goes on at its own place.
    assert [entry.text for entry in (await house.claim(name, "case")).entries] == ["hello?"]
    assert len((await house.claim(name, "desk")).entries) == 2


async def begin_to_send(house: House) -> tuple[ConversationId, Claim]:
    """A question whose answer, entry 2, is on its way to Telegram."""
    name = await house.begin(PLACE)
    await house.say(name, 0, "question 0", PLACE)
    await house.answer(name, "answer 0")
    await house.archive()
    claim = await house.claim(name, "customer", "deliver:telegram")
    assert (await house.log.begin_send(claim, 2)).outcome == "send"
    return name, claim


async def test_what_was_sent_is_not_sent_again_and_keeps_its_names(house: House) -> None:
    name, claim = await begin_to_send(house)
    await house.archive()
    assert await house.log.record_send(claim, 2, outcome="sent", platform_ids=["telegram:7:42:9"])
    assert await house.log.finish(claim)
    await house.archive()  # nobody said anything since
    await house.lose()
    await house.watch.look()
    assert await house.log.seq_of(name, "telegram:7:42:9") == 2
    await house.say(name, 1, "question 1", PLACE)
    seq = await house.answer(name, "answer 1")
    claim = await house.claim(name, "customer", "deliver:telegram")
    assert [entry.text for entry in claim.entries if entry.author.role == "ai"] == ["answer 1"]
    assert (await house.log.begin_send(claim, 2)).outcome == "sent"
    assert (await house.log.begin_send(claim, seq)).outcome == "send"


async def test_what_waits_to_be_sent_is_sent_after_the_loss(house: House) -> None:
    name, claim = await begin_to_send(house)
    await house.archive()  # it began, and nobody knows how it ended
    await house.lose()
    await house.watch.look()
    claim = await house.claim(name, "customer", "deliver:telegram")
    ticket = await house.log.begin_send(claim, 2)
    assert (ticket.outcome, ticket.unsure) == ("send", True)


async def test_an_address_leads_to_its_conversation_and_a_repeat_is_one_entry(
    house: House,
) -> None:
    name = await house.begin(PLACE)
    await house.say(name, 0, "question 0", PLACE)
    other = await house.begin()
    elsewhere = PLACE.model_copy(update={"chat": "43"})
    await house.log.rebind(elsewhere, other)
    await house.archive()
    await house.lose()
    house.log.rebuilding = True  # as the watch says before anything is back
    assert await house.log.find(PLACE) == name
    await house.watch.look()
    assert await house.log.find(elsewhere) == other
    assert await house.log.create(PLACE) == name
    again = await house.log.accept(house.event(name, 0, "question 0", PLACE))
    assert (again.seq, again.duplicate, again.conflict) == (1, True, False)


async def test_numbers_given_before_the_loss_are_never_given_again(house: House) -> None:
    name = await house.begin()
    await house.say(name, 0, "kept")
    await house.answer(name, "kept too")
    await house.archive()
    lost = await house.say(name, 1, "acknowledged, and lost")
    await house.lose()
    await house.watch.look()
    assert await house.say(name, 2, "after it") > lost
    await house.answer(name, "on we go")
    assert await house.texts(name) == ["kept", "kept too", "after it", "on we go"]
    await house.archive()
    assert len(await house.vault.entries(name)) == 4
    for reader in ("engine", "customer"):
        got = await house.log.claim(reader, name, "0-0", lease_ms=1000)
        assert isinstance(got, NotClaimed)


async def test_words_still_on_their_way_to_the_archive_come_back_with_the_state(
    house: House,
) -> None:
    """A batch holds the first of them only; the state that is kept with it knows of all."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.answer(name, "answer 0")
    await house.say(name, 1, "question 1")
    async for batch in house.bus.journal.follow(GROUP, "test", asyncio.Event()):
        await house.follower.store([record for record in batch if record.seq == 1])
        break
    assert len(await house.vault.entries(name)) == 1
    await house.lose()
    await house.watch.look()
    assert await house.texts(name) == ["question 0", "answer 0", "question 1"]
    await house.archive()
    assert len(await house.vault.entries(name)) == 3
    assert await house.vault.receipt(name, 2) == {"text": "answer 0"}
    await house.answer(name, "answer 1")


async def test_a_conversation_in_which_nobody_spoke_yet_keeps_its_token(house: House) -> None:
    name = await house.begin()
    await house.archive()
    await house.lose()
    await house.watch.look()
    assert await house.say(name, 0, "now I speak") > 0


async def test_whatever_is_asked_for_comes_back_before_the_rest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    await house.lose()
    saying = asyncio.create_task(house.say(name, 1, "still there?"))  # nobody has looked yet
    open_after = house.book.open_after

    async def wait_for_it(conversation: str, *, limit: int) -> Sequence[Snapshot]:
        await asyncio.wait([saying])
        return await open_after(conversation, limit=limit)

    monkeypatch.setattr(house.book, "open_after", wait_for_it)
    assert await house.watch.look() == "wiped"
    assert await saying > 1
    claim = await house.claim(name)
    assert [entry.text for entry in claim.entries] == ["question 0", "still there?"]
    assert await house.texts(name) == ["question 0", "still there?"]


async def test_a_place_leads_where_it_led_before_anybody_looks(house: House) -> None:
    """Else a customer's next word would begin a second conversation."""
    name = await house.begin(PLACE)
    await house.say(name, 0, "question 0", PLACE)
    await house.archive()
    await house.lose()
    assert await house.log.create(PLACE) == name


async def test_a_store_that_nobody_looks_at_takes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.bus.reload._LOOK_SECONDS", 0.001)
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    await house.lose()
    with pytest.raises(BusUnavailable, match="nobody rebuilds it"):
        await house.say(name, 1, "still there?")


async def test_a_store_of_yesterday_is_brought_up_to_date(house: House) -> None:
    """As a copy of its file that was put back: what came later is brought back, once."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    untouched = await house.begin()
    await house.say(untouched, 0, "the same in both")
    await house.archive()
    keys = ConversationKeys.of(name)
    old: Any = await house.bus.calls.command("DUMP", keys.head)
    log: Any = await house.bus.calls.command("DUMP", keys.log)
    mark: Any = await house.bus.calls.command("HGET", "sb:{00}:meta", "mark")
    await house.answer(name, "answer 0")
    await house.act(name, "take")
    await house.archive()
    await house.bus.calls.command("RESTORE", keys.head, 0, old, "REPLACE")
    await house.bus.calls.command("RESTORE", keys.log, 0, log, "REPLACE")
    await house.bus.calls.command("HSET", "sb:{00}:meta", "mark", mark)
    assert (await house.log.head(name)).owner == "ai"
    assert await house.watch.look() == "older"
    head = await house.log.head(name)
    assert (head.owner, head.seq) == ("human", 3)
    assert (await house.texts(name))[:2] == ["question 0", "answer 0"]
    life = await house.book.newest()
    assert life is not None
    assert (life.reason, life.made.conversations) == ("older", 1)


async def test_a_crash_between_archive_and_store_is_no_loss(house: House) -> None:
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    mark: Any = await house.bus.calls.command("HGET", "sb:{00}:meta", "mark")
    await house.bus.calls.command("HSET", "sb:{00}:meta", "mark", int(mark) - 1)
    before = await house.book.newest()
    await house.watch.look()
    assert before is not None
    after = await house.book.newest()
    assert after is not None and after.number == before.number
    assert await house.watch.look() is None


async def test_a_store_that_existed_before_the_archive_is_archived_whole(
    bus: Bus, database: Database
) -> None:
    """An upgrade, or a database that was put back from an older backup."""
    house = House(bus, database)
    name = await house.begin(PLACE)
    await house.say(name, 0, "question 0", PLACE)
    for shard in bus.shards:
        await bus.calls.command("DEL", f"sb:{{{shard}}}:touched")
    assert await house.watch.look() == "new"
    await house.archive()
    await house.lose()
    await house.watch.look()
    assert await house.log.find(PLACE) == name
    assert await house.texts(name) == ["question 0"]


async def test_not_ready_while_it_is_not_whole(house: House) -> None:
    await house.bus.ping()
    house.log.rebuilding = True
    with pytest.raises(BusUnavailable):
        await house.bus.ping()


async def test_while_the_archive_is_away_too_nobody_begins_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a customer's next word would begin a second conversation."""
    name = await house.begin(PLACE)
    await house.say(name, 0, "question 0", PLACE)
    await house.archive()
    await house.lose()
    with monkeypatch.context() as away:
        away.setattr(house.database, "read", Database(open_nowhere()).read)
        with pytest.raises(BusUnavailable):
            await house.watch.look()
        with pytest.raises(BusUnavailable):
            await house.log.create(PLACE)
    await house.watch.look()
    assert await house.log.create(PLACE) == name


def open_nowhere() -> AsyncEngine:
    """A database whose file cannot be opened."""
    return create_async_engine("sqlite+aiosqlite:////nowhere/at/all.db")


async def test_one_of_many_processes_rebuilds(house: House, database: Database) -> None:
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    await house.lose()
    watches = [StoreWatch(house.bus, ArchiveLives(database)) for _ in range(3)]
    found = await asyncio.gather(*(watch.look() for watch in watches))
    assert sorted(str(reason) for reason in found) == ["None", "None", "wiped"]
    engine = ready_key(ConversationKeys.of(name).shard, "engine")
    assert len(await house.bus.calls.command("XRANGE", engine, "-", "+")) == 1


async def test_what_was_never_there_stays_unknown(house: House) -> None:
    await house.lose()
    await house.watch.look()
    with pytest.raises(NotFound):
        await house.log.head(ConversationId("cv_00_" + "A" * 22))


async def test_a_loss_while_the_archive_is_far_behind_leaves_nobody_waiting(
    house: House,
) -> None:
    """More was said than the state keeps of it: what is there goes on, in order."""
    name = await house.begin()
    await house.say(name, 0, "kept")
    await house.answer(name, "kept too")
    await house.archive()
    await house.act(name, "take")
    for number in range(1, 220):
        await house.say(name, number, f"unkept {number}")
    last = (await house.log.head(name)).seq
    first = [record for record in await house.batch() if record.seq == 3]
    await house.follower.store(first)
    await house.lose()
    await house.watch.look()
    assert (await house.log.head(name)).owner == "human"
    for reader in ("engine", "case", "desk"):
        claim = await house.claim(name, reader)
        assert claim.entries[-1].text == "unkept 200"
        assert await house.log.finish(claim, seen=claim.entries[-1].seq)
        keys = ConversationKeys.of(name)
        assert not await house.bus.calls.command("HEXISTS", keys.head, f"w:{reader}")
    assert await house.say(name, 999, "and on") > last
    assert [entry.text for entry in (await house.claim(name, "desk")).entries] == ["and on"]
