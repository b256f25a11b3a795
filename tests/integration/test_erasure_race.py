"""Two hundred people are forgotten while turns run, retries come and platforms repeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.archive.database import open_database
from core.archive.follower import ArchiveFollower
from core.archive.settings import DatabaseSettings
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.conversation import Claim, NotClaimed, TurnCommit
from core.errors import NotFound
from core.ids import ConversationId, reply_entry_id, telegram_message_id
from core.messages import Address, Author, EntryBody, InboundEvent
from core.ports import Delta
from core.privacy.guard import install_guard
from tests.fakes.services import serving
from tests.integration.test_erasure import House

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
PEOPLE, AT_ONCE, SEED = 200, 25, 7391


class Person:
    """One who writes in Telegram, and everything that may be late about them."""

    def __init__(self, house: House, number: int) -> None:
        self.house, self.bus = house, house.bus
        self.canary = f"Kanarienvogel-{number:04d}"
        self.contact = f"telegram:{70_000 + number}"
        self.address = Address(channel="telegram", account="1", chat=str(70_000 + number))
        self.conversation = ConversationId("")
        self.chat = 70_000 + number

    def event(self, number: int) -> InboundEvent:
        return InboundEvent(
            id=telegram_message_id("1", self.chat, number), conversation=self.conversation,
            text=f"I am {self.canary}", address=self.address,
            author=Author(role="customer", name=self.canary),
        )  # fmt: skip

    async def begin(self) -> Claim | NotClaimed:
        self.conversation = await self.bus.log.create(self.address, contact=self.contact, level=1)
        await self.bus.log.accept(self.event(1))
        keys = ConversationKeys.of(self.conversation)
        wake = await self.bus.calls.command("HGET", keys.head, "w:engine")
        return await self.bus.log.claim("engine", self.conversation, wake.decode(), lease_ms=9_000)

    async def erase(self) -> None:
        erasure = await self.house.eraser.begin(self.contact, by="race")
        await self.house.eraser.go_on(erasure, until="knowledge")

    async def commit(self, claim: Claim) -> None:
        body = EntryBody(
            id=reply_entry_id(self.conversation, claim.seen), author=Author(role="ai"),
            text=f"Hello {self.canary}",
        )  # fmt: skip
        await self.bus.log.note_step(claim, {"tool": self.canary})
        await self.bus.live.publish_delta(
            Delta(conversation=self.conversation, id=body.id, attempt=1, part=0, text=body.text)
        )
        turn = TurnCommit(entries=(body,), state={"facts": [self.canary]}, receipt={"a": 1})
        await self.bus.log.commit(claim, turn)

    async def write_more(self) -> None:
        """To the conversation that was there when it was sent."""
        await self.bus.log.accept(self.event(2))

    async def repeat(self) -> None:
        """The platform delivers the first message again, as adapters take it in."""
        name = await self.bus.log.create(self.address, contact=self.contact, level=1)
        await self.bus.log.accept(self.event(1).model_copy(update={"conversation": name}))

    async def touch(self) -> None:
        await self.bus.unseen.note_email(self.conversation, f"{self.canary}@example.org")


async def late(dice: random.Random, act: Callable[[], Awaitable[None]]) -> None:
    """A little later; a refusal is what is wanted."""
    for _ in range(dice.randrange(12)):
        await asyncio.sleep(0)
    with suppress(NotFound):
        await act()


async def live_and_be_forgotten(person: Person, dice: random.Random) -> None:
    claim = await person.begin()
    assert isinstance(claim, Claim)
    acts = [
        lambda: person.commit(claim), person.write_more, person.repeat, person.repeat, person.touch
    ]  # fmt: skip
    await asyncio.gather(late(dice, person.erase), *(late(dice, act) for act in acts))
    for act in (*acts, person.repeat):
        await late(dice, act)


async def test_nothing_of_two_hundred_people_comes_back(bus: Bus, data_dir: Path) -> None:
    dice = random.Random(SEED)
    async with open_database(DatabaseSettings(data_dir=data_dir)) as database:
        await database.migrate()
        await install_guard(database)
        house = House(bus, database, data_dir)
        bus.log.keep_in(ArchiveVault(database))
        follower = ArchiveFollower(bus.journal, bus.log, database)
        async with serving(follower):
            for start in range(0, PEOPLE, AT_ONCE):
                people = [Person(house, start + number) for number in range(AT_ONCE)]
                await asyncio.gather(*(live_and_be_forgotten(one, dice) for one in people))
        assert b"Kanarienvogel-" not in await house.everything()
