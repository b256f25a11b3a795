"""A store with an archive behind it, and who says, answers, acts and archives in it.

Above: tests of the archive and of the rebuild. Below: the bus, a database.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.archive.database import Database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.lives import ArchiveLives
from core.archive.standing_keeper import StandingKeeper
from core.archive.standings import Standings
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.bus.journal import JournalRecord
from core.bus.keys import ConversationKeys
from core.bus.rebuild import StoreWatch
from core.conversation import Claim, HeadChange, TurnCommit
from core.ids import ConversationId, client_event_id, new_event_id, reply_entry_id
from core.messages import Address, Author, ControlAction, EntryBody, InboundEvent

ANN = Author(role="human_agent", name="Ann")
CUSTOMER = Author(role="customer")


class House:
    """A store with an archive behind it, and somebody who watches over both."""

    def __init__(self, bus: Bus, database: Database) -> None:
        self.bus = bus
        self.database = database
        self.log = bus.log
        self.vault = ArchiveVault(database)
        self.book = ArchiveLives(database)
        self.standings = Standings(bus.calls, shards=bus.settings.shards)
        self.follower = ArchiveFollower(bus.journal, bus.log, database, standings=self.standings)
        self.keeper = StandingKeeper(self.standings, bus.journal, database)
        self.watch = StoreWatch(bus, self.book)
        bus.log.keep_in(self.vault)
        bus.log.follow_with(["case", "desk"])

    def late_keeper(self) -> StandingKeeper:
        """One for whom nothing is on its way any more."""
        return StandingKeeper(
            self.standings, self.bus.journal, self.database, on_its_way_seconds=-60
        )

    async def begin(self, place: Address | None = None) -> ConversationId:
        return await self.log.create(place or Address(channel="rest", chat=""), contact="ct_1")

    def event(
        self, name: ConversationId, number: int, text: str, place: Address | None = None
    ) -> InboundEvent:
        place = place or Address(channel="rest", chat=name)
        return InboundEvent(
            id=client_event_id(place.channel, name, str(number)), conversation=name, text=text,
            address=place, author=Author(role="customer"),
        )  # fmt: skip

    async def say(
        self, name: ConversationId, number: int, text: str, place: Address | None = None
    ) -> int:
        return (await self.log.accept(self.event(name, number, text, place))).seq

    async def act(
        self, name: ConversationId, action: ControlAction, value: str = "", *,
        author: Author = ANN, text: str = "",
    ) -> int:  # fmt: skip
        """Somebody does something: Ann of the desk, unless another is named."""
        event = InboundEvent(
            id=new_event_id("rest"), conversation=name, kind="control", action=action, text=text,
            value=value or None, address=Address(channel="rest", chat=name), author=author,
        )  # fmt: skip
        return (await self.log.accept(event)).seq

    async def claim(self, name: ConversationId, reader: str = "engine", stream: str = "") -> Claim:
        keys = ConversationKeys.of(name)
        wake: Any = await self.bus.calls.command("HGET", keys.head, f"w:{reader}")
        assert wake is not None, f"nobody woke {reader}"
        got = await self.log.claim(
            reader, name, wake.decode(), lease_ms=30_000, stream=stream or None, window=50
        )
        assert isinstance(got, Claim)
        return got

    async def answer(
        self, name: ConversationId, text: str, receipt: dict[str, Any] | None = None
    ) -> int:
        claim = await self.claim(name)
        body = EntryBody(id=reply_entry_id(name, claim.seen), author=Author(role="ai"), text=text)
        turn = TurnCommit(
            entries=(body,), state={"last": text}, receipt=receipt or {"text": text},
            head=HeadChange(specialist="billing"),
        )  # fmt: skip
        done = await self.log.commit(claim, turn)
        assert done.outcome == "ok"
        return done.seqs[0]

    async def archive(self) -> None:
        """Everything is kept."""
        while not await self.bus.journal.is_read(GROUP):
            async for batch in self.bus.journal.follow(GROUP, "test", asyncio.Event()):
                await self.follower.store(batch)
                break
        await self.keeper.sweep()

    async def lose(self) -> None:
        """Somebody empties the store."""
        await self.bus.calls.command("FLUSHALL")

    async def texts(self, name: ConversationId) -> list[str]:
        return [entry.text for entry in await self.log.entries(name)]

    async def batch(self, follower: str = "test") -> list[JournalRecord]:
        """What a follower of this name is given next."""
        async for records in self.bus.journal.follow(GROUP, follower, asyncio.Event()):
            return records
        raise AssertionError("the journal gave nothing")


@pytest.fixture
async def house(bus: Bus, database: Database) -> House:
    """A new one, whose first life has begun."""
    opened = House(bus, database)
    assert await opened.watch.look() == "new"
    return opened
