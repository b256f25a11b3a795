"""Idle conversations leave a real store for a real database, and come back; also after a crash."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from core.archive.database import Database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.lives import ArchiveLives
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus, open_bus
from core.bus.expiry import Expiry
from core.bus.keys import ConversationKeys, ready_key
from core.bus.rebuild import StoreWatch
from core.bus.restoring import restore
from core.bus.settings import BusSettings
from core.bus.snapshot import Snapshot
from core.conversation import Claim, TurnCommit
from core.ids import ConversationId, client_event_id, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent


class DyingVault(ArchiveVault):
    """The process dies right after it has done one of these."""

    def __init__(self, database: Database, *, after: str) -> None:
        super().__init__(database, linger=timedelta(0))
        self._after = after

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        await super().keep_snapshot(snapshot)
        self._die("keep")

    async def note_gone(self, conversation: str) -> None:
        self._die("evict")
        await super().note_gone(conversation)

    async def note_back(self, conversation: str) -> None:
        await super().note_back(conversation)
        self._die("back")

    def _die(self, step: str) -> None:
        if step == self._after:
            raise asyncio.CancelledError


class House:
    """A bus, an archive and a hand on the clock."""

    def __init__(self, bus: Bus, database: Database) -> None:
        self.bus, self.database = bus, database
        self.vault = ArchiveVault(database, linger=timedelta(0))
        bus.log.keep_in(self.vault)
        self.follower = ArchiveFollower(bus.journal, bus.log, database)

    def event(self, name: ConversationId, number: int, text: str) -> InboundEvent:
        return InboundEvent(
            id=client_event_id("rest", name, str(number)), conversation=name, text=text,
            address=Address(channel="rest", chat=name), author=Author(role="customer"),
        )  # fmt: skip

    async def talk(self, exchanges: int) -> ConversationId:
        name = await self.bus.log.create(Address(channel="rest", chat=""), contact="ct_1", level=1)
        for number in range(exchanges):
            await self.bus.log.accept(self.event(name, number, f"question {number}"))
            claim = await self.claim(name)
            body = EntryBody(
                id=reply_entry_id(name, claim.seen), author=Author(role="ai"),
                text=f"answer {number}",
            )  # fmt: skip
            turn = TurnCommit(entries=(body,), state={"n": number}, receipt={"turn": number})
            assert (await self.bus.log.commit(claim, turn)).outcome == "ok"
        return name

    async def claim(self, name: ConversationId) -> Claim:
        keys = ConversationKeys.of(name)
        wake: Any = await self.bus.calls.command("HGET", keys.head, "w:engine")
        got = await self.bus.log.claim("engine", name, wake.decode(), lease_ms=30_000)
        assert isinstance(got, Claim)
        return got

    async def archive(self) -> None:
        """Everything in the journal is written."""
        stop = asyncio.Event()
        while True:
            async for batch in self.bus.journal.follow(GROUP, "test", stop):
                await self.follower.store(batch)
                break
            lag = [
                await self.bus.reading.xinfo_groups(f"sb:{{{shard}}}:journal")
                for shard in self.bus.shards
            ]
            if all(group.get("lag", 1) == 0 for groups in lag for group in groups):
                return

    async def sweep(self, vault: ArchiveVault | None = None) -> int:
        """As if a week had passed."""
        return await Expiry(self.bus.calls, vault or self.vault, days=-0.001).sweep()

    async def is_here(self, name: ConversationId) -> bool:
        return bool(await self.bus.calls.command("EXISTS", ConversationKeys.of(name).head))

    async def texts(self, name: ConversationId) -> list[str]:
        return [entry.text for entry in await self.bus.log.entries(name)]


@pytest.fixture
async def house(bus: Bus, database: Database) -> House:
    await StoreWatch(bus, ArchiveLives(database)).look()  # as at every start: this is its life
    return House(bus, database)


async def test_an_idle_conversation_leaves_and_its_next_word_brings_it_back(house: House) -> None:
    name = await house.talk(3)
    await house.archive()
    before = await house.bus.log.head(name)
    assert await house.sweep() == 1
    assert not await house.is_here(name)
    assert len(await house.texts(name)) == 6  # read from the archive, without bringing it back
    assert not await house.is_here(name)
    assert (await house.bus.log.accept(house.event(name, 9, "and now?"))).seq == 7
    claim = await house.claim(name)
    assert (claim.state, len(claim.history)) == ({"n": 2}, 6)
    assert (claim.head.contact, claim.head.level, claim.epoch) == ("ct_1", 1, before.epoch)
    assert await house.bus.log.receipt(name, 2) == {"turn": 0}


async def test_a_repeat_of_an_old_event_is_one_entry_after_a_return(house: House) -> None:
    name = await house.talk(2)
    await house.archive()
    assert await house.sweep() == 1
    again = await house.bus.log.accept(house.event(name, 0, "question 0"))
    assert (again.seq, again.duplicate, again.conflict) == (1, True, False)
    assert len(await house.texts(name)) == 4


async def test_nothing_leaves_before_the_archive_has_it(house: House) -> None:
    name = await house.talk(2)
    await house.archive()
    await house.bus.log.accept(house.event(name, 7, "not archived"))
    claim = await house.claim(name)
    assert (await house.bus.log.commit(claim, TurnCommit())).outcome == "ok"
    assert await house.sweep() == 0
    await house.archive()
    assert await house.sweep() == 1
    assert (await house.texts(name))[-1] == "not archived"


@pytest.mark.parametrize("step", ["keep", "evict"])
async def test_a_sweeper_killed_at_any_step_loses_nothing(house: House, step: str) -> None:
    name = await house.talk(2)
    await house.archive()
    with pytest.raises(asyncio.CancelledError):
        await house.sweep(DyingVault(house.database, after=step))
    assert await house.is_here(name) == (step == "keep")
    assert (await house.bus.log.accept(house.event(name, 9, "still there?"))).seq == 5
    assert len(await house.texts(name)) == 5
    claim = await house.claim(name)
    assert claim.state == {"n": 1}


async def test_a_reader_killed_while_bringing_it_back_loses_nothing(house: House) -> None:
    name = await house.talk(2)
    await house.archive()
    assert await house.sweep() == 1
    house.bus.log.keep_in(DyingVault(house.database, after="back"))
    with pytest.raises(asyncio.CancelledError):
        await house.bus.log.head(name)
    assert not await house.is_here(name)
    house.bus.log.keep_in(house.vault)
    assert (await house.bus.log.head(name)).seq == 4
    assert len(await house.texts(name)) == 4


async def test_two_processes_may_bring_it_back_at_once(house: House) -> None:
    name = await house.talk(2)
    await house.archive()
    assert await house.sweep() == 1
    assert house.bus.embedded is not None
    url = SecretStr(house.bus.embedded.url)
    settings = BusSettings(url=url, shards=house.bus.settings.shards)
    async with open_bus(settings) as other:
        other.log.keep_in(house.vault)
        logs = [house.bus.log, other.log] * 4
        said = await asyncio.gather(
            *(
                log.accept(house.event(name, 10 + number, f"more {number}"))
                for number, log in enumerate(logs)
            )
        )
    assert sorted(item.seq for item in said) == list(range(5, 13))
    assert len(await house.texts(name)) == 12


async def test_an_old_snapshot_cannot_undo_newer_words(house: House) -> None:
    name = await house.talk(1)
    await house.archive()
    assert await house.sweep() == 1
    old = await house.vault.find_snapshot(name)
    assert old is not None
    await house.bus.log.accept(house.event(name, 5, "newer"))
    claim = await house.claim(name)
    assert (await house.bus.log.commit(claim, TurnCommit(state={"n": 5}))).outcome == "ok"
    await house.archive()
    assert await house.sweep() == 1
    assert await restore(house.bus.calls, old, []) == -1
    assert (await house.bus.log.head(name)).seq == 3


async def test_a_swept_conversation_leaves_no_wake_up_behind(house: House) -> None:
    name = await house.talk(1)
    await house.archive()
    assert await house.sweep() == 1
    shard = ConversationKeys.of(name).shard
    assert not await house.bus.calls.command("XRANGE", ready_key(shard, "engine"), "-", "+")
    await house.bus.log.head(name)
    assert await house.sweep() == 1  # only looked at: it leaves again
