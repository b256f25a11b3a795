"""What every archive must do, whichever database it is in.

Above: `test_archive`, which gives the house its database. Below: `tests.fakes.archived_house`.
The clauses are in `requirements`. How a store is rebuilt from it: `integration/test_rebuild`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

from sqlalchemy import func, select

from core.archive.follower import ArchiveFollower
from core.archive.reader import ArchiveReader
from core.archive.tables import cases, entries, turns
from core.bus.journal import JournalRecord
from core.customers.records import Subject
from core.identity.people import SqlPeople
from core.ids import ConversationId
from core.messages import Entry
from core.privacy.audit import SqlAudit
from core.runtime import spawn
from core.tickets.records import NewTicket
from core.tickets.sql import SqlTickets
from tests.contract.requirements import clause
from tests.fakes.archived_house import CUSTOMER, House
from tests.fakes.waiting import until_found

CASE = {
    "seq": 1, "opened_at": "2026-03-01T00:00:00Z", "reason": "safety", "rule": "phrase",
    "span": "It caught fire!", "summary": "customer: It caught fire!", "language": "en",
    "specialist": "technical", "priority": "urgent",
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "seen": 1, "messages": [1], "outcome": "reply", "answered": True, "model": "small",
    "triage": {"intent": "refund_status", "score": 0.93, "margin": 0.4, "source": "embedding"},
    "path": [{"specialist": "billing", "by": "triage"}],
    "passages": [{"id": "p1", "document": "d1", "score": 0.81, "span": "Refunds take five days."}],
    "tools": [{"name": "get_orders", "arguments": {"limit": 3}, "result": "…", "ok": True}],
    "checks": [{"name": "figures", "passed": True}], "tokens": {"in": 812, "out": 64},
    "cost": 0.00042, "milliseconds": 1234.5, "stages": {"triage": 3.1}, "attempts": 2,
}  # fmt: skip


class ArchiveRig(Protocol):
    """A house, and a hand on its database."""

    house: House

    def away(self) -> AbstractContextManager[None]:
        """Within it the database takes no writes."""
        ...


async def counts(house: House, name: ConversationId) -> tuple[int, ...]:
    """How many entries, turns and cases are kept of it."""
    found: list[int] = []
    async with house.database.read() as connection:
        for table in (entries, turns, cases):
            query = select(func.count()).where(table.c.conversation == name)
            found.append((await connection.execute(query)).scalar_one())
    return tuple(found)


async def a_whole_story(house: House) -> ConversationId:
    """All that can happen in one: words, changes of them, acts of people, a case, a rating."""
    name = await house.begin()
    await house.say(name, 0, "It caught fire!")
    receipt = RECEIPT | {"case": {**CASE, "conversation": name}}
    await house.answer(name, "A colleague comes.", receipt)
    await house.act(name, "take")
    await house.act(name, "prioritise", "urgent")
    await house.say(name, 1, "Never mind, it was the neighbour's")
    await house.act(name, "edit", "5", author=CUSTOMER, text="It was the neighbour's")
    await house.act(name, "delete", "5", author=CUSTOMER)
    await house.act(name, "release")
    await house.act(name, "rate", "5", author=CUSTOMER, text="Kind people")
    await house.act(name, "close", "solved")
    return name


def without_marks(said: Sequence[Entry]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in said]


class ArchiveContract:
    """Each clause at least once; a rig gives the database."""

    @clause("archive:whole")
    async def test_all_that_was_said_and_done_is_kept_as_it_was(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await a_whole_story(house)
        await house.archive()
        assert without_marks(await house.vault.entries(name)) == without_marks(
            await house.log.entries(name)
        )
        shown = await house.vault.conversation(name)
        assert shown is not None
        assert (shown["status"], shown["owner"], shown["priority"]) == (
            "closed",
            "nobody",
            "urgent",
        )

    @clause("archive:once")
    async def test_what_comes_again_is_kept_once(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await a_whole_story(house)
        batch = await house.batch()
        await house.follower.store(batch)
        before = await counts(house, name)
        await house.follower.store(batch)
        await house.follower.store(batch[3:7])
        assert await counts(house, name) == before == (10, 1, 1)

    @clause("archive:killed")
    async def test_a_follower_killed_before_it_acknowledged_leaves_nothing_twice(
        self, rig: ArchiveRig
    ) -> None:
        house = rig.house
        name = await a_whole_story(house)
        batch = await house.batch("dies")

        class Dying:
            async def ack(self, group: str, records: Sequence[JournalRecord]) -> None:
                raise asyncio.CancelledError

        dying: Any = Dying()
        with suppress(asyncio.CancelledError):
            await ArchiveFollower(dying, house.log, house.database).store(batch)
        before = await counts(house, name)
        assert before == (10, 1, 1)
        assert not await house.bus.journal.is_read("archive")
        await house.follower.store(batch)  # as its successor is given it
        assert await counts(house, name) == before
        assert await house.bus.journal.is_read("archive")

    @clause("archive:together")
    async def test_several_followers_share_the_work_and_write_it_once(
        self, rig: ArchiveRig
    ) -> None:
        house = rig.house
        names = [await a_whole_story(house) for _ in range(4)]
        stop = asyncio.Event()
        tasks = [spawn(house.follower.run(stop, asyncio.Event()), name="f") for _ in range(2)]
        await until_found(lambda: house.bus.journal.is_read("archive"))
        stop.set()
        await asyncio.gather(*tasks)
        assert [await counts(house, name) for name in names] == [(10, 1, 1)] * 4

    @clause("archive:away")
    async def test_while_it_is_away_intake_goes_on_and_all_is_caught_up_once(
        self, rig: ArchiveRig
    ) -> None:
        house, stop = rig.house, asyncio.Event()
        first = await a_whole_story(house)
        service = spawn(house.follower.run(stop, asyncio.Event()), name="archive")
        await until_found(lambda: house.bus.journal.is_read("archive"))
        with rig.away():
            names = [await a_whole_story(house) for _ in range(3)]
            assert await house.say(first, 9, "are you there?") == 11
            assert (await house.bus.journal.lag("archive")).records > 30
        await until_found(lambda: house.bus.journal.is_read("archive"), seconds=30)
        stop.set()
        await service
        assert [await counts(house, name) for name in names] == [(10, 1, 1)] * 3
        said = await house.vault.entries(first)
        assert [entry.seq for entry in said] == list(range(1, 12))

    @clause("archive:cut")
    async def test_what_a_full_journal_dropped_is_told_again(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await a_whole_story(house)
        assert await house.bus.journal.cut(1) >= 0
        for shard in house.bus.shards:  # an exact cut; the server's own is in whole blocks
            await house.bus.calls.command("XTRIM", f"sb:{{{shard}}}:journal", "MAXLEN", 0)
        await house.late_keeper().sweep()
        await house.archive()
        assert await counts(house, name) == (10, 1, 1)
        assert without_marks(await house.vault.entries(name)) == without_marks(
            await house.log.entries(name)
        )

    @clause("archive:decision")
    async def test_the_whole_decision_of_a_turn_is_kept(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await house.begin()
        await house.say(name, 0, "Where is my refund?")
        seq = await house.answer(name, "It takes five days.", RECEIPT)
        await house.archive()
        assert await house.vault.receipt(name, seq) == RECEIPT
        async with house.database.read() as connection:
            query = select(turns).where(turns.c.conversation == name)
            row = (await connection.execute(query)).mappings().one()
        assert (row["intent"], row["outcome"], row["tokens"]) == ("refund_status", "reply", 876)
        assert (row["milliseconds"], row["cost"], row["specialist"]) == (1234.5, 0.00042, "billing")

    @clause("archive:cases")
    async def test_a_case_is_kept_and_found_by_its_reason(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await a_whole_story(house)
        await house.archive()
        reader: ArchiveReader = house.vault
        (found,) = await reader.cases(conversation=name)
        assert (found.reason, found.priority, found.span) == (
            "safety", "urgent", "It caught fire!",
        )  # fmt: skip
        assert await reader.cases(conversation=name, reason="legal") == []

    @clause("archive:feedback")
    async def test_a_rating_is_kept_with_its_words(self, rig: ArchiveRig) -> None:
        house = rig.house
        name = await a_whole_story(house)
        await house.archive()
        query = select(entries.c.value, entries.c.text).where(
            entries.c.conversation == name, entries.c.action == "rate"
        )
        async with house.database.read() as connection:
            assert (await connection.execute(query)).all() == [("5", "Kind people")]

    @clause("archive:records")
    async def test_people_tickets_and_the_audit_stand_beside_it(self, rig: ArchiveRig) -> None:
        database = rig.house.database
        name = await rig.house.begin()
        person = await SqlPeople(database).create({"name": "Jana Nováková"})
        subject = Subject(conversation=name, contact=person.id, level=1)
        new = NewTicket(subject="Lost parcel", body="It never came.")
        ticket = await SqlTickets(database).create(subject, new, by="billing", key="k1")
        again = await SqlTickets(database).create(subject, new, by="billing", key="k1")
        audit = SqlAudit(database, "secret")
        await audit.record("Ann", "contact.read", person.id)
        assert (await SqlPeople(database).get(person.id)).name == "Jana Nováková"
        assert again.number == ticket.number
        assert [line.what for line in await audit.list(whom=person.id)] == ["contact.read"]
        assert (await audit.verify()).whole
