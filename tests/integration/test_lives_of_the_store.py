"""What was read from one life of the store is not written into the next, at whatever moment the
store is lost, comes back as it was earlier, or is lost once more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.follower import ArchiveFollower
from core.archive.standing_tables import store_lives
from core.archive.standings import raise_mark
from core.bus.journal import JournalRecord
from core.bus.keys import ConversationKeys, meta_key
from core.bus.lives import Sign, read_sign
from core.bus.snapshot import Snapshot
from core.errors import BusUnavailable
from core.ids import ConversationId
from tests.fakes.archived_house import House, house
from tests.fakes.store_copy import copy_of, put_back

__all__ = ["house"]


async def talk_half_archived(house: House) -> ConversationId:
    """Two entries are archived, four are not."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.answer(name, "answer 0")
    await house.archive()
    for number in range(1, 5):
        await house.say(name, number, f"question {number}")
    return name


async def is_the_same_everywhere(house: House, name: ConversationId, *texts: str) -> None:
    """Log and archive tell the same, and whoever must read it will."""
    assert await house.texts(name) == ["question 0", "answer 0", *texts]
    claim = await house.claim(name)
    assert [entry.text for entry in claim.entries] == list(texts)
    await house.archive()
    told = [entry.text for entry in await house.vault.last_entries(name, limit=99)]
    assert told == await house.texts(name)


async def test_what_the_archive_still_writes_when_all_is_lost_comes_back_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer goes on at once, and waits until it is written."""
    name = await talk_half_archived(house)
    saying: list[asyncio.Task[int]] = []

    async def lose_it(connection: AsyncConnection, sign: Sign) -> int | None:
        await house.lose()
        saying.append(asyncio.create_task(house.say(name, 9, "said after the loss")))
        await asyncio.wait(saying, timeout=0.2)  # as far as it comes
        return await raise_mark(connection, sign)

    with monkeypatch.context() as patch:
        patch.setattr("core.archive.standings.raise_mark", lose_it)
        await house.follower.store(await house.batch())
    await house.watch.look()
    await saying[0]
    await house.watch.look()
    questions = [f"question {number}" for number in range(1, 5)]
    await is_the_same_everywhere(house, name, *questions, "said after the loss")


async def test_what_the_archive_read_before_a_loss_is_not_written_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await talk_half_archived(house)
    read = house.standings.read

    async def lose_it(after: dict[str, int]) -> list[Snapshot]:
        found = await read(after)
        await house.lose()
        await house.watch.look()
        await house.say(name, 9, "said after the loss")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(house.standings, "read", lose_it)
        with pytest.raises(BusUnavailable, match="is another since"):
            await house.follower.store(await house.batch())
    await house.watch.look()
    await is_the_same_everywhere(house, name, "said after the loss")


async def test_what_waited_for_the_archive_is_not_written_into_the_next_life(house: House) -> None:
    """The database was away; the store was lost and rebuilt before it came back."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    await house.say(name, 1, "lost")
    batch = await house.batch()
    await house.lose()
    await house.watch.look()
    await house.say(name, 2, "said after the loss")
    await house.follower.store(batch)
    await house.archive()
    told = [entry.text for entry in await house.vault.last_entries(name, limit=9)]
    assert told == await house.texts(name) == ["question 0", "said after the loss"]


async def test_a_conversation_alone_that_is_lost_is_kept_as_it_goes_on(house: House) -> None:
    """As when one node of a cluster is lost: the store as a whole is in the same life."""
    name = await talk_half_archived(house)
    keys = ConversationKeys.of(name)

    async def lose_it(*_: object) -> None:
        for key in (keys.head, keys.log, keys.seen, keys.state, keys.sends, keys.steps, keys.turns):
            await house.bus.calls.command("DEL", key)
        await house.say(name, 9, "said after the loss")

    late = ArchiveFollower(house.bus.journal, house.log, house.database,
                           standings=house.standings, also=lose_it)  # fmt: skip
    await late.store(await house.batch())
    await house.archive()
    before = await house.log.head(name)
    await house.lose()
    await house.watch.look()
    after = await house.log.head(name)
    assert (after.seq, after.last_customer_seq) == (before.seq, before.last_customer_seq)
    assert (await house.texts(name))[-1] == "said after the loss"


async def test_a_database_that_is_put_back_while_all_runs_is_written_again(house: House) -> None:
    """It knows an earlier life than the store's, and would take nothing of this one."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    async with house.database.write() as connection:
        await connection.execute(update(store_lives).values(incarnation="of before"))
    await house.say(name, 1, "question 1")
    batch = await house.batch()
    with pytest.raises(BusUnavailable, match="another life"):
        await house.follower.store(batch)
    stop = asyncio.Event()
    watching = asyncio.create_task(house.watch.run(stop, asyncio.Event()))
    async with asyncio.timeout(20):
        while (life := await house.book.newest()) is None or life.reason != "adopted":
            await asyncio.sleep(0.05)
    stop.set()
    await watching
    await house.follower.store(batch)
    await house.archive()
    told = [entry.text for entry in await house.vault.last_entries(name, limit=9)]
    assert told == ["question 0", "question 1"]


async def test_the_archive_does_not_hide_that_the_store_is_older(house: House) -> None:
    """It writes on as soon as the server is back, maybe before anybody looks."""
    name, other = await house.begin(), await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    old = await copy_of(house.bus)
    await house.answer(name, "answer 0")
    await house.archive()
    await put_back(house.bus, old)
    await house.say(other, 0, "a word of somebody else")
    with pytest.raises(BusUnavailable, match="another life"):
        await house.archive()
    assert await house.watch.look() == "older"
    assert await house.texts(name) == ["question 0", "answer 0"]
    await house.archive()


async def test_a_second_loss_while_it_is_rebuilt_is_rebuilt_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.bus.rebuild._AT_ONCE", 1)
    names = sorted([await house.begin() for _ in range(3)])
    for name in names:
        await house.say(name, 0, "question 0")
    await house.archive()
    await house.lose()
    open_after = house.book.open_after

    async def lose_again(after: str, *, limit: int) -> Sequence[Snapshot]:
        if after == names[1]:
            monkeypatch.setattr(house.book, "open_after", open_after)
            await house.lose()
        return await open_after(after, limit=limit)

    monkeypatch.setattr(house.book, "open_after", lose_again)
    await house.watch.look()
    for name in names:
        assert [entry.text for entry in (await house.claim(name)).entries] == ["question 0"]


async def test_a_rebuilder_that_was_overtaken_wedges_nothing(house: House) -> None:
    """Its line in the book is the newest, the store goes by the other's."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    sign = await read_sign(house.bus.calls)
    await house.bus.calls.command("HSET", meta_key(), "life", "of the slower one")
    await house.watch.look()
    now = await read_sign(house.bus.calls)
    assert now.incarnation == now.life != sign.life
    await house.say(name, 1, "question 1")
    await house.archive()
    told = [entry.text for entry in await house.vault.last_entries(name, limit=9)]
    assert told == ["question 0", "question 1"]


async def test_what_was_lost_is_not_written_one_by_one(house: House) -> None:
    """The database refuses a batch for one of its records, and meanwhile the store is lost."""
    name = await house.begin()
    await house.say(name, 0, "question 0")
    await house.archive()
    for number in range(1, 4):
        await house.say(name, number, f"lost {number}")
    looking: list[asyncio.Task[object]] = []

    async def refuse_many(_: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
        if len(batch) > 1:
            await house.lose()
            looking.append(asyncio.create_task(house.watch.look()))
            raise ValueError("one of them has no form in the database")

    refusing = ArchiveFollower(house.bus.journal, house.log, house.database,
                               standings=house.standings, also=refuse_many)  # fmt: skip
    await refusing.store_until_done(await house.batch(), asyncio.Event())
    await looking[0]
    await house.say(name, 9, "said after the loss")
    await house.archive()
    told = [entry.text for entry in await house.vault.last_entries(name, limit=9)]
    assert told == await house.texts(name) == ["question 0", "said after the loss"]


async def test_what_was_written_of_another_run_is_not_noted_in_this_one(house: House) -> None:
    """Else a store that came back older would pass for what the archive knows of it."""
    now = await read_sign(house.bus.calls)
    await house.standings.note(now.mark + 9, [], replace(now, run="the one of before"))
    assert await read_sign(house.bus.calls) == now
    await house.standings.note(now.mark + 9, [], now)
    assert (await read_sign(house.bus.calls)).mark == now.mark + 9
