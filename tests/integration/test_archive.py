"""The archive against a real store and a real database file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.archive.database import Database, open_database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.reader import ArchiveReader
from core.archive.settings import DatabaseSettings
from core.archive.tables import entries, turns
from core.bus.connect import Bus, open_bus
from core.bus.journal import JournalRecord
from core.bus.keys import ConversationKeys
from core.bus.settings import BusSettings
from core.conversation import Claim, HeadChange, TurnCommit
from core.errors import InputError
from core.ids import ConversationId, client_event_id, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent
from core.runtime import spawn


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with open_bus(BusSettings.model_validate({"data_dir": tmp_path, "shards": 2})) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path, "url": url})
    async with open_database(settings) as opened:
        await opened.migrate()
        yield opened


async def say(bus: Bus, text: str, conversation: ConversationId | None = None) -> ConversationId:
    """A customer says something, in a new conversation or in one that is there."""
    address = Address(channel="rest", chat="")
    name = conversation or await bus.log.create(address, contact="ct_someone")
    event = InboundEvent(
        id=client_event_id("rest", name, text[:8].replace(" ", "-")), conversation=name, text=text,
        address=Address(channel="rest", chat=name), author=Author(role="customer"),
    )  # fmt: skip
    await bus.log.accept(event)
    return name


async def answer(bus: Bus, name: ConversationId, text: str) -> None:
    """The engine answers, with a receipt."""
    wake: Any = await bus.calls.command("HGET", ConversationKeys.of(name).head, "w:engine")
    claim = await bus.log.claim("engine", name, wake.decode(), lease_ms=5000)
    assert isinstance(claim, Claim)
    body = EntryBody(
        id=reply_entry_id(name, claim.seen), text=text,
        author=Author(role="ai", specialist="billing"),
    )  # fmt: skip
    change = HeadChange(specialist="billing", language="cs")
    turn = TurnCommit(entries=(body,), head=change, receipt={"model": None}, tokens_used=7)
    assert (await bus.log.commit(claim, turn)).outcome == "ok"


async def read_all(bus: Bus) -> list[JournalRecord]:
    """What a follower that knows nothing is given first."""
    async for batch in bus.journal.follow(GROUP, "test", asyncio.Event()):
        return batch
    raise AssertionError("the journal gave nothing")


def make_follower(bus: Bus, database: Database) -> ArchiveFollower:
    return ArchiveFollower(bus.journal, bus.log, database)


async def test_what_was_said_is_kept_with_the_state_and_the_receipt(
    bus: Bus, database: Database
) -> None:
    name = await say(bus, "Kde je moje zásilka?")
    await answer(bus, name, "Zásilka je na cestě.")
    await make_follower(bus, database).store(await read_all(bus))
    reader = ArchiveReader(database)
    said = await reader.entries(name)
    assert [entry.text for entry in said] == ["Kde je moje zásilka?", "Zásilka je na cestě."]
    assert said == await bus.log.entries(name)
    assert await reader.receipt(name, 2) == {"model": None}
    shown = await reader.conversation(name)
    assert shown is not None
    assert shown["specialist"] == "billing"
    assert shown["entries"] == 2
    assert shown["tokens_used"] == 7
    assert shown["contact"] == "ct_someone"


async def test_a_batch_given_twice_is_kept_once(bus: Bus, database: Database) -> None:
    name = await say(bus, "Hello")
    await answer(bus, name, "Hello to you")
    batch = await read_all(bus)
    follower = make_follower(bus, database)
    await follower.store(batch)
    await follower.store(batch)
    async with database.read() as connection:
        for table, count in ((entries, 2), (turns, 1)):
            found = await connection.execute(select(func.count()).select_from(table))
            assert found.scalar_one() == count


async def test_the_service_keeps_up_and_acknowledges(bus: Bus, database: Database) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    name = await say(bus, "Before the start")
    service = spawn(make_follower(bus, database).run(stop, ready), name="archive")
    try:
        await say(bus, "After the start", name)
        reader = ArchiveReader(database)
        async with asyncio.timeout(10):
            while len(await reader.entries(name)) < 2:
                await asyncio.sleep(0.02)
            while await bus.journal.trim() == 0:
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await service


async def test_conversations_are_found_by_filter_and_by_words_of_any_case(
    bus: Bus, database: Database
) -> None:
    invoice = await say(bus, "Не пришла КВИТАНЦИЯ")
    await answer(bus, invoice, "Вот она")
    parcel = await say(bus, "100% of my parcel is lost")
    await make_follower(bus, database).store(await read_all(bus))
    reader = ArchiveReader(database)

    async def find(**filters: str) -> list[str]:
        return [item["id"] for item in (await reader.list_conversations(**filters)).items]  # type: ignore[arg-type]

    assert await find(q="квитанция") == [invoice]
    assert await find(q="100%") == [parcel]
    assert await find(q="100_") == []
    assert await find(specialist="billing") == [invoice]
    assert set(await find(channel="rest", owner="ai", status="open")) == {invoice, parcel}
    assert await find(channel="web") == []


async def test_pages_show_every_conversation_once_newest_first(
    bus: Bus, database: Database
) -> None:
    names = [await say(bus, f"Question {number}") for number in range(5)]
    await make_follower(bus, database).store(await read_all(bus))
    reader = ArchiveReader(database)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = await reader.list_conversations(limit=2, cursor=cursor)
        seen += [item["id"] for item in page.items]
        cursor = page.next
    assert cursor is None
    assert sorted(seen) == sorted(names)
    stamps = [(await bus.log.head(ConversationId(name))).updated_at for name in seen]
    assert stamps == sorted(stamps, reverse=True)


async def test_a_foreign_cursor_is_the_callers_fault(database: Database) -> None:
    for cursor in ("nonsense", "bm90IG9uZQ==", "🙂"):
        with pytest.raises(InputError):
            await ArchiveReader(database).list_conversations(cursor=cursor)


async def test_an_older_state_never_overwrites_a_newer_one(bus: Bus, database: Database) -> None:
    name = await say(bus, "Hello")
    batch = await read_all(bus)
    follower = make_follower(bus, database)
    old = await bus.log.head(name)
    await answer(bus, name, "Hello to you")
    await follower.store(batch)

    class Behind:
        async def head(self, conversation: ConversationId) -> object:
            return old

    await ArchiveFollower(bus.journal, Behind(), database).store(batch)  # type: ignore[arg-type]
    shown = await ArchiveReader(database).conversation(name)
    assert shown is not None
    assert shown["specialist"] == "billing"


async def test_a_record_that_can_never_be_stored_does_not_stop_the_others(
    bus: Bus, database: Database
) -> None:
    first = await say(bus, "Before it")
    broken = await say(bus, "A lone surrogate")
    last = await say(bus, "After it")
    batch = await read_all(bus)
    spoilt = [
        replace(record, entry=record.entry.model_copy(update={"text": "\ud800"}))
        if record.entry and record.conversation == broken
        else record
        for record in batch
    ]
    follower = make_follower(bus, database)
    async with asyncio.timeout(10):
        await follower.store_until_done(spoilt, asyncio.Event())
    reader = ArchiveReader(database)
    assert [len(await reader.entries(name)) for name in (first, broken, last)] == [1, 0, 1]
    assert await bus.journal.trim() > 0


async def test_a_database_that_is_not_ready_is_waited_for(bus: Bus, tmp_path: Path) -> None:
    name = await say(bus, "Written when it is back")
    folder = tmp_path / "away"
    async with open_database(DatabaseSettings.model_validate({"data_dir": folder})) as opened:
        work = spawn(
            make_follower(bus, opened).store_until_done(await read_all(bus), asyncio.Event()),
            name="archive",
        )
        await asyncio.wait([work], timeout=0.2)  # there are no tables yet: each try fails
        assert not work.done()
        await opened.migrate()
        async with asyncio.timeout(20):
            await work
        said = await ArchiveReader(opened).entries(name)
        assert [entry.text for entry in said] == ["Written when it is back"]
