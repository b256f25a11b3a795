"""An export that is made while more is being said is of one moment, and whole."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

from core.archive.database import Database
from core.archive.follower import ArchiveFollower
from core.bus.connect import Bus
from core.bus.graves import Graves
from core.ids import ConversationId, client_event_id
from core.messages import Address, Author, InboundEvent
from core.privacy.export import Exports, Sources
from core.runtime import running

CONTACT = "telegram:4711"
HOME = Address(channel="telegram", account="1", chat="4711")


async def say(bus: Bus, talk: ConversationId, number: int) -> None:
    event = InboundEvent(
        id=client_event_id("rest", talk, f"m{number}"), conversation=talk, address=HOME,
        author=Author(role="customer"), text=f"Word {number}",
    )  # fmt: skip
    await bus.log.accept(event)


async def archive(bus: Bus, database: Database) -> None:
    stop, follower = asyncio.Event(), ArchiveFollower(bus.journal, bus.log, database)
    async for batch in bus.journal.follow("archive", "tests", stop):
        await follower.store(batch)
        stop.set()


async def test_an_export_made_while_more_is_said_holds_every_word_up_to_a_moment(
    bus: Bus, database: Database, tmp_path: Path
) -> None:
    talk = await bus.log.create(HOME, contact=CONTACT, level=1)
    for number in range(40):
        await say(bus, talk, number)
    await archive(bus, database)
    exports = Exports(Sources(database, Graves(bus), bus.log), tmp_path, hours=1)
    begun = asyncio.Event()

    async def go_on() -> None:
        for number in range(40, 100_000):
            await say(bus, talk, number)
            begun.set()

    async with running(go_on(), name="customer"):
        await begun.wait()
        made = [await exports.make(CONTACT) for _ in range(3)]
    for one in made:
        with zipfile.ZipFile(exports.find(one.id)[1]) as file:
            said = json.loads(file.read(f"conversations/{talk}.json"))
            about = json.loads(file.read("about.json"))
        assert [entry["seq"] for entry in said] == list(range(1, len(said) + 1))
        assert [entry["text"] for entry in said] == [f"Word {n}" for n in range(len(said))]
        assert about["counts"]["entries"] == one.counts["entries"] == len(said) > 40
