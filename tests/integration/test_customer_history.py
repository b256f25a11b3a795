"""What became of a conversation, told to the system of customers: once, late if it must be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.archive.database import Database, open_database
from core.archive.follower import ArchiveFollower
from core.archive.settings import DatabaseSettings
from core.bus.connect import Bus
from core.customers.crm.client import CrmClient
from core.customers.crm.history import CrmHistory
from core.customers.crm.settings import CrmSettings
from core.customers.history import records
from core.customers.history.outbox import HistoryOutbox, with_history
from core.customers.history.ports import HistoryBook
from core.customers.history.sql import SqlHistory
from core.customers.history.writer import HistoryWriter
from core.customers.importing import CustomerRow, Rows
from core.customers.loading import write_rows
from core.customers.records import Subject
from core.ids import ConversationId, new_event_id
from core.messages import Address, Author, ControlAction, InboundEvent
from core.returning import make_return
from core.runtime import running
from core.webhooks.outbox import put_out
from switchboard.crm import CrmFetch
from tests.fakes.crm_server import KEY, CrmServer, Fault, open_crm_server
from tests.fakes.waiting import until, until_found

PERSON = Author(role="human_agent", name="Dana")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAUSES", (0.01,) * 9)


@asynccontextmanager
async def writing(bus: Bus, database: Database, book: HistoryBook) -> AsyncGenerator[HistoryOutbox]:
    """The archive and the writer, until the end of the block."""
    outbox, stop = HistoryOutbox(database), asyncio.Event()
    follower = ArchiveFollower(bus.journal, bus.log, database, also=with_history(put_out))
    writer = HistoryWriter(
        outbox, book, bus.log, look_seconds=0.02, link=lambda name: f"https://desk.example/{name}"
    )
    async with running(follower.run(stop, asyncio.Event()), name="archive"), \
               running(writer.run(stop, asyncio.Event()), name="history") as task:  # fmt: skip
        yield outbox
        stop.set()
        await task


@asynccontextmanager
async def crm_book(crm: CrmServer) -> AsyncGenerator[CrmHistory]:
    fetch = CrmFetch(CrmSettings.model_validate({"url": crm.url, "api_key": KEY}))
    yield CrmHistory(CrmClient(fetch, deadline_seconds=0.6, kept_seconds=0))
    await fetch.close()


async def talk(bus: Bus, contact: str | None, level: int, *acts: ControlAction) -> ConversationId:
    """A conversation in which these acts happen after a message."""
    place = Address(channel="web", chat=new_event_id("chat"))
    conversation = await bus.log.create(place, contact=contact, level=level)
    said = InboundEvent(
        id=new_event_id("t"), conversation=conversation, address=place, text="My parcel is lost.",
        author=Author(role="customer"),
    )  # fmt: skip
    await bus.log.accept(said)
    for act in acts:
        value = make_return(decided="sent again").dump() if act == "release" else None
        event = InboundEvent(
            id=new_event_id("t"), conversation=conversation, address=place, author=PERSON,
            kind="control", action=act, value=value, reason="all settled",
        )  # fmt: skip
        await bus.log.accept(event)
    return conversation


async def test_an_ended_conversation_stands_in_our_own_tables_once(
    bus: Bus, database: Database
) -> None:
    rows = Rows(customers=[CustomerRow(id="anna", name="Anna")])
    await write_rows(database, rows)
    book = SqlHistory(database)
    subject = Subject(conversation="x", contact="anna", level=2)
    async with writing(bus, database, book):
        name = await talk(bus, "anna", 2, "take", "release", "close")
        await until_found(lambda: _count(book, subject, 2))
    closed, returned = await book.recent(subject)
    assert (closed.cause, closed.resolution, closed.by) == ("closed", "all settled", "human_agent")
    assert (returned.cause, returned.resolution) == ("returned", "sent again")
    assert closed.links == {"conversation": f"https://desk.example/{name}"}
    assert closed.messages == 1 and closed.channel == "web"
    assert closed.summary == "My parcel is lost."
    assert await book.write(subject, closed, key=f"history:{name}:4") == "written"
    assert len(await book.recent(subject)) == 2


async def _count(book: HistoryBook, subject: Subject, wanted: int) -> bool:
    return len(await book.recent(subject)) == wanted


async def test_who_takes_lines_at_the_same_moment_takes_others(
    bus: Bus, database: Database
) -> None:
    outbox, stop = HistoryOutbox(database), asyncio.Event()
    follower = ArchiveFollower(bus.journal, bus.log, database, also=with_history(put_out))
    for _ in range(12):
        await talk(bus, "anna", 2, "close")
    taken: list[str] = []
    async with running(follower.run(stop, asyncio.Event()), name="archive"), asyncio.timeout(15):
        while len(taken) < 12:
            looks = [outbox.take_due(limit=2, lease_seconds=60) for _ in range(3)]
            taken += [item.key for found in await asyncio.gather(*looks) for item in found]
    assert len(set(taken)) == 12, "a line was taken by two"


async def test_who_is_not_proved_or_not_known_leaves_no_line(bus: Bus, database: Database) -> None:
    async with open_crm_server() as crm, crm_book(crm) as book:
        crm.customers = {"anna": {"id": "anna", "name": "Anna"}}
        async with writing(bus, database, book) as outbox:
            await talk(bus, "anna", 0, "close")
            await talk(bus, "stranger", 2, "close")
            await talk(bus, None, 0, "close")
            await talk(bus, "anna", 1, "close")
            await until(lambda: len(crm.history) == 1)
        assert [item["customer"] for item in crm.history.values()] == ["anna"]
        assert not any("/customers/anna/history" in line for line in crm.asked[:-2])
        assert await outbox.dead() == []


@pytest.mark.parametrize("faults", [["500", "429"], ["cut", "half"], ["html"], ["loses"]])
async def test_a_line_is_told_once_whatever_the_crm_does(
    bus: Bus, tmp_path: Path, faults: list[Fault]
) -> None:
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    async with open_database(settings) as database, open_crm_server() as crm, crm_book(crm) as book:
        await database.migrate()
        crm.customers = {"anna": {"id": "anna", "name": "Anna"}}
        crm.plan = list(faults)
        async with writing(bus, database, book):
            await talk(bus, "anna", 2, "close")
            await until(lambda: len(crm.history) == 1 and not crm.plan)
        assert [item["cause"] for item in crm.history.values()] == ["closed"]


async def test_a_crm_that_never_takes_it_leaves_a_dead_letter_that_can_be_told_again(
    bus: Bus, tmp_path: Path
) -> None:
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    async with open_database(settings) as database, open_crm_server() as crm, crm_book(crm) as book:
        await database.migrate()
        crm.customers = {"anna": {"id": "anna", "name": "Anna"}}
        crm.plan = ["422"] * 10
        async with writing(bus, database, book) as outbox:
            name = await talk(bus, "anna", 2, "close")
            await until_found(lambda: _dead(outbox))
            [letter] = await outbox.dead()
            assert (letter.key, letter.attempts) == (f"history:{name}:2", records.MOST_ATTEMPTS)
            assert letter.last_error == "the CRM answered 422"
            assert crm.history == {}
            await outbox.replay(letter.key)
            await until(lambda: len(crm.history) == 1)
            assert await outbox.dead() == []


async def _dead(outbox: HistoryOutbox) -> bool:
    return bool(await outbox.dead())


async def test_a_crm_without_the_route_is_no_fault(bus: Bus, tmp_path: Path) -> None:
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    async with (
        open_database(settings) as database,
        open_crm_server(keeps_history=False) as crm,
        crm_book(crm) as book,
    ):
        await database.migrate()
        crm.customers = {"anna": {"id": "anna", "name": "Anna"}}
        async with writing(bus, database, book) as outbox:
            await talk(bus, "anna", 2, "close")
            await until(lambda: "POST /customers/anna/history" in crm.asked)
        assert await outbox.dead() == [] and await outbox.take_due(limit=9, lease_seconds=1) == []
        assert await book.recent(Subject(conversation="x", contact="anna", level=2)) == ()
