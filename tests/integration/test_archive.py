"""The archive against a real store and a real database file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.archive.database import Database, open_database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.queue import DeskQueue
from core.archive.reader import ArchiveReader
from core.archive.settings import DatabaseSettings
from core.archive.tables import entries, turns
from core.archive.unanswered import read_unanswered
from core.bus.connect import Bus, open_bus
from core.bus.journal import JournalRecord
from core.bus.keys import ConversationKeys
from core.bus.settings import BusSettings
from core.conversation import Claim, HeadChange, Owner, TurnCommit
from core.errors import InputError
from core.escalation.case import Case
from core.escalation.rules import EscalationRules
from core.ids import ConversationId, client_event_id, new_event_id, reply_entry_id
from core.messages import Address, Author, ControlAction, EntryBody, InboundEvent
from core.runtime import spawn


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with open_bus(BusSettings.model_validate({"data_dir": tmp_path, "shards": 2})) as opened:
        yield opened


async def say(
    bus: Bus, text: str, conversation: ConversationId | None = None, *, called: str = ""
) -> ConversationId:
    """A customer says something, in a new conversation or in one that is there."""
    address = Address(channel="rest", chat="")
    name = conversation or await bus.log.create(address, contact="ct_someone")
    event = InboundEvent(
        id=client_event_id("rest", name, text[:8].replace(" ", "-")), conversation=name, text=text,
        address=Address(channel="rest", chat=name), author=Author(role="customer", name=called),
    )  # fmt: skip
    await bus.log.accept(event)
    return name


async def speak(bus: Bus, name: ConversationId, text: str) -> None:
    """A person writes to the customer."""
    await bus.log.accept(
        InboundEvent(
            id=new_event_id("rest"), conversation=name, text=text,
            address=Address(channel="rest", chat=name),
            author=Author(role="human_agent", name="Ann"),
        )
    )  # fmt: skip


async def act(bus: Bus, name: ConversationId, action: ControlAction, value: str) -> None:
    """A person does something about it."""
    await bus.log.accept(
        InboundEvent(
            id=new_event_id("rest"), conversation=name, kind="control", action=action, value=value,
            address=Address(channel="rest", chat=name),
            author=Author(role="human_agent", name="Ann"),
        )
    )  # fmt: skip


async def answer(
    bus: Bus,
    name: ConversationId,
    text: str,
    receipt: dict[str, Any] | None = None,
    owner: Owner | None = None,
) -> None:
    """The engine answers, with a receipt."""
    wake: Any = await bus.calls.command("HGET", ConversationKeys.of(name).head, "w:engine")
    claim = await bus.log.claim("engine", name, wake.decode(), lease_ms=5000)
    assert isinstance(claim, Claim)
    body = EntryBody(
        id=reply_entry_id(name, claim.seen), text=text,
        author=Author(role="ai", specialist="billing"),
    )  # fmt: skip
    change = HeadChange(specialist="billing", language="cs", owner=owner)
    turn = TurnCommit(
        entries=(body,), head=change, receipt=receipt or {"model": None}, tokens_used=7
    )
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
        async with asyncio.timeout(20):
            while len(await reader.entries(name)) < 2:
                await asyncio.sleep(0.02)
            while await bus.journal.trim() == 0:
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        async with asyncio.timeout(20):
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
    async with asyncio.timeout(20):
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


async def test_what_went_unanswered_is_found_with_the_customer_s_words(
    bus: Bus, database: Database
) -> None:
    receipts = {
        "Do you ship to Norway?": {"outcome": "offer", "answered": False, "messages": [1]},
        "Where is my parcel?": {"outcome": "reply", "answered": True, "messages": [1]},
        "For the third time: how long?": {
            "outcome": "escalate", "answered": True, "messages": [1],
            "escalation": {"reason": "no_progress"}, "triage": {"language": "de"},
        },
        "I want a human": {
            "outcome": "escalate", "answered": True, "messages": [1],
            "escalation": {"reason": "request"},
        },
    }  # fmt: skip
    for text, receipt in receipts.items():
        name = await say(bus, text)
        await answer(bus, name, "…", receipt=receipt)
    await make_follower(bus, database).store(await read_all(bus))
    found = {item.text: item for item in await read_unanswered(database)}
    assert set(found) == {"Do you ship to Norway?", "For the third time: how long?"}
    third = found["For the third time: how long?"]
    assert (third.reason, third.language) == ("no_progress", "de")
    assert await read_unanswered(database, since=datetime(2999, 1, 1, tzinfo=UTC)) == []


async def test_a_case_is_kept_once_and_can_be_read(bus: Bus, database: Database) -> None:
    case = Case(
        conversation="cv", seq=1, opened_at=datetime(2026, 3, 1, tzinfo=UTC), reason="safety",
        rule="phrase", span="It caught fire!", summary="customer: It caught fire!",
        language="en", specialist="technical", priority="urgent",
    )  # fmt: skip
    name = await say(bus, "It caught fire!")
    await answer(bus, name, "A colleague comes.", {"case": case.model_dump(mode="json")})
    other = await say(bus, "Hello")
    await answer(bus, other, "Hello to you", {"model": None})
    batch = await read_all(bus)
    follower = make_follower(bus, database)
    await follower.store(batch)
    await follower.store(batch)
    reader = ArchiveReader(database)
    assert await reader.cases() == [case]
    assert await reader.cases(conversation=name, reason="safety") == [case]
    assert await reader.cases(reason="legal") == []


async def test_the_desk_s_queue_shows_who_waits_most_urgent_and_oldest_first(
    bus: Bus, database: Database
) -> None:
    def case_of(name: str, priority: str) -> dict[str, Any]:
        return Case(
            conversation=name, seq=1, opened_at=datetime(2026, 3, 1, tzinfo=UTC), reason="request",
            rule="explicit_wish", span="a human", summary="", language="en",
            specialist="general", priority=priority,
        ).model_dump(mode="json")  # fmt: skip

    async def hand_over(text: str, priority: str, called: str = "") -> ConversationId:
        name = await say(bus, text, called=called)
        await answer(
            bus, name, "A colleague comes.", {"case": case_of(name, priority)}, owner="human"
        )
        return name

    first = await hand_over("I want a human", "medium")
    second = await hand_over("It burns", "urgent", "Anna")
    third = await hand_over("A human please", "medium")
    unasked = await say(bus, "Hello")
    await speak(bus, unasked, "I saw this by chance.")
    await speak(bus, first, "I am here.")
    await say(bus, "Nobody took this")
    await make_follower(bus, database).store(await read_all(bus))
    queue = DeskQueue(database, EscalationRules())
    waiting = await queue.list(waiting=True)
    assert [item["id"] for item in waiting] == [second, third]
    assert [item["customer"] for item in waiting] == ["Anna", None]
    assert waiting[0]["case"]["priority"] == "urgent" and waiting[0]["first_reply_at"] is None
    others = await queue.list(waiting=False)
    assert {item["id"] for item in others} == {first, unasked}
    assert {item["id"]: item["case"] is None for item in others} == {first: False, unasked: True}
    assert [item["id"] for item in await queue.list()][:2] == [second, third]
    own = await queue.list(holder="Ann", limit=2)  # however many wait before them
    assert {item["id"] for item in own} == {first, unasked}
    assert await queue.list(holder="Zoe") == []
    assert {item["id"]: item["holder"] for item in others} == {first: "Ann", unasked: "Ann"}
    assert waiting[0]["clocks"]["first_reply"]["due"] is not None
    await act(bus, second, "snooze", "2099-01-01T09:00:00Z")
    await act(bus, third, "assign", "Ben")
    await make_follower(bus, database).store(await read_all(bus))
    waiting = await queue.list(waiting=True)
    assert [(item["id"], item["holder"]) for item in waiting] == [(third, "Ben"), (second, None)]
    assert waiting[1]["snoozed_until"] == "2099-01-01T09:00:00.000Z"
