"""What every database of tickets must keep: once, lawful, findable, joined and parted again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from core.customers.records import Subject
from core.errors import Conflict, NotFound
from core.identity.tables import conversations_of
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
PLACE = "cv_00_0123456789abcdefghijkl"
OTHER = "cv_01_0123456789abcdefghijkl"
ANN, CUSTOMER = Actor(name="Ann"), Actor(name="customer", side="customer")


@dataclass
class Books:
    """Tickets as several processes have them; `time` is the clock, which tests turn."""

    folder: Path
    url: str | None = None
    time: datetime = NOW
    count: int = field(default=0)

    @asynccontextmanager
    async def process(self) -> AsyncGenerator[tuple[TicketBook, Database]]:
        settings = DatabaseSettings.model_validate({"data_dir": self.folder, "url": self.url})
        async with open_database(settings) as database:
            await database.migrate()
            yield TicketBook(database, now=lambda: self.time), database

    def key(self) -> str:
        self.count += 1
        return f"key-{self.count}"

    async def make(self, book: TicketBook, subject: str = "It leaks", **fields: Any) -> Ticket:
        """One more, a minute later."""
        self.time += timedelta(minutes=1)
        place, contact = fields.pop("place", ""), fields.pop("contact", None)
        whose = Subject(conversation=place, contact=contact, level=2 if contact else 0)
        new = NewTicket(subject=subject, **fields)
        return await book.open(whose, new, by=ANN, key=self.key())

    async def move(self, book: TicketBook, number: str, **fields: Any) -> Ticket:
        self.time += timedelta(minutes=1)
        return await book.change(number, TicketChange(**fields), by=ANN, key=self.key())


class TicketsContract:
    """Subclasses give the fixture `books`."""

    @pytest.fixture
    async def book(self, books: Books) -> AsyncGenerator[TicketBook]:
        async with books.process() as (book, _):
            yield book

    async def test_every_change_says_who_when_and_from_what_to_what(
        self, books: Books, book: TicketBook
    ) -> None:
        made = await books.make(book, tags=("pump",))
        changed = await books.move(
            book, made.number, state="in_progress", priority="high", assignee=" Eva ",
            subject="It leaks a lot", tags=("pump", "urgent"), note="Called them.",
        )  # fmt: skip
        deed = changed.history[-1]
        assert (deed.by, deed.at, deed.note) == ("Ann", books.time, "Called them.")
        assert [(c.field, c.before, c.after) for c in deed.changes] == [
            ("state", "open", "in_progress"), ("priority", "medium", "high"),
            ("subject", "It leaks", "It leaks a lot"), ("assignee", None, "Eva"),
            ("tags", ["pump"], ["pump", "urgent"]),
        ]  # fmt: skip
        same = await books.move(book, made.number, state="in_progress", assignee="Eva")
        assert same == changed
        nobody = await books.move(book, made.number, assignee="")
        assert nobody.assignee is None

    async def test_a_repeat_changes_nothing_though_others_moved_it_since(
        self, books: Books, book: TicketBook
    ) -> None:
        made, done = await books.make(book), TicketChange(state="resolved", note="Done.")
        await book.change(made.number, done, by=ANN, key="once")
        reopened = await books.move(book, made.number, state="open")
        assert await book.change(made.number, done, by=ANN, key="once") == reopened

    async def test_a_state_that_may_not_follow_is_refused_and_changes_nothing(
        self, books: Books, book: TicketBook
    ) -> None:
        made = await books.make(book)
        closed = await books.move(book, made.number, state="closed")
        with pytest.raises(Conflict):
            await books.move(book, made.number, state="pending", priority="urgent")
        assert await book.get(made.number) == closed
        with pytest.raises(NotFound):
            await book.change("T-NONE", TicketChange(state="open"), by=ANN, key="x")

    async def test_lists_filter_by_all_that_is_named(self, books: Books, book: TicketBook) -> None:
        first = await books.make(
            book, "Mlýnek se netočí", tags=("Pumpa",), contact="eva", assignee="Ann", place=PLACE
        )
        second = await books.make(book, "Parcel", body="ПОСЫЛКА не дошла", priority="urgent")
        await books.move(book, second.number, state="pending")

        async def found(**fields: Any) -> list[str]:
            wanted = TicketFilter.model_validate(fields)
            return [one.number for one in await book.browse(wanted)]

        both, one, two = [second.number, first.number], [first.number], [second.number]
        assert await found() == both
        assert await found(states=["open"]) == one
        assert await found(states=["open", "pending"]) == both
        assert await found(priority="urgent") == two
        assert await found(tag="PUMPA") == one == await found(contact="eva")
        assert await found(assignee="Ann") == one == await found(conversation=PLACE)
        assert await found(assignee="") == two
        assert await found(q="MLÝNEK") == one
        assert await found(q="посылка") == two
        assert await found(q=first.number.lower()) == one
        assert await found(q="100%") == [] == await found(q="_")
        assert await found(updated_since=second.created_at) == two
        assert await found(tag="pumpa", states=["pending"]) == []
        assert await book.of_conversations([PLACE, OTHER]) == {PLACE: first.number}

    async def test_pages_hold_each_ticket_once_though_they_change_at_one_moment(
        self, books: Books, book: TicketBook
    ) -> None:
        whose = Subject(conversation="")
        for number in range(7):
            await book.open(whose, NewTicket(subject=f"n{number}"), by=ANN, key=f"at-once-{number}")
        seen, before = list[str](), None
        while page := await book.browse(TicketFilter(before=before), limit=3):
            seen += [one.number for one in page]
            before = page[-1].updated_at, page[-1].number
        assert len(seen) == len(set(seen)) == 7
        assert seen == sorted(seen, reverse=True)

    @pytest.mark.parametrize("done", ["resolved", "closed"])
    async def test_a_customer_s_reply_opens_what_was_done_or_waited_once(
        self, books: Books, book: TicketBook, done: Any
    ) -> None:
        made = await books.make(book)
        for state in (done, "pending"):
            await books.move(book, made.number, state=state)
            key = books.key()
            for _ in range(2):
                await book.reply(made.number, "Again.", by=CUSTOMER, key=key)
            back = await book.get(made.number)
            assert (back.state, back.resolved_at) == ("open", None)
        history = (await book.get(made.number)).history
        assert [deed.note for deed in history].count("Again.") == 2

    async def test_after_too_long_a_time_a_reply_opens_a_new_one_that_points_to_the_old(
        self, books: Books, book: TicketBook
    ) -> None:
        made = await books.make(book, contact="eva", tags=("pump",), place=PLACE)
        await books.move(book, made.number, state="closed")
        books.time += timedelta(days=31)
        key = books.key()
        new = await book.reply(made.number, "It leaks again.", by=CUSTOMER, key=key)
        again = await book.reply(made.number, "It leaks again.", by=CUSTOMER, key=key)
        assert again.number == new.number != made.number
        assert (new.subject, new.body, new.tags) == ("It leaks", "It leaks again.", ("pump",))
        assert [(link.kind, link.other) for link in new.links] == [("follow_up_of", made.number)]
        old = await book.get(made.number)
        assert old.state == "closed"
        assert [(link.kind, link.other) for link in old.links] == [("follow_up", new.number)]
        assert new.conversations == (PLACE,)

    async def test_a_person_s_first_reply_is_noted_and_a_note_is_none(
        self, books: Books, book: TicketBook
    ) -> None:
        made = await books.make(book)
        noted = await book.reply(made.number, "Hm.", by=ANN, key=books.key(), internal=True)
        assert (noted.first_reply_at, noted.history[-1].internal) == (None, True)
        books.time += timedelta(minutes=5)
        replied = await book.reply(made.number, "Hello!", by=ANN, key=books.key())
        assert replied.first_reply_at == books.time
        assert book.clocks(replied).public(books.time)["first_reply"]["state"] == "met"

    async def test_duplicates_are_proposed_merged_and_parted_as_they_were(
        self, books: Books, book: TicketBook
    ) -> None:
        first = await books.make(book, "The grinder does not turn", contact="eva", place=PLACE)
        second = await books.make(book, "Grinder does not turn!", contact="eva", place=OTHER)
        await books.make(book, "Invoice", contact="eva")
        await books.make(book, "The grinder does not turn", contact="otto")
        (likely,) = await book.likely(second.number)
        assert likely.ticket.number == first.number
        before = await books.move(book, second.number, state="in_progress")
        key = books.key()
        await book.merge(second.number, first.number, by=ANN, key=key)
        whole = await book.merge(second.number, first.number, by=ANN, key=key)
        assert whole.number == first.number
        assert set(whole.conversations) == {PLACE, OTHER}
        assert [(link.kind, link.other) for link in whole.links] == [("duplicate", second.number)]
        gone = await book.get(second.number)
        assert (gone.state, gone.duplicate_of) == ("closed", first.number)
        assert await book.likely(first.number) == []
        with pytest.raises(Conflict):
            await book.merge(first.number, second.number, by=ANN, key=books.key())
        back = await book.unmerge(second.number, by=ANN, key=books.key())
        assert (back.state, back.duplicate_of, back.links) == (before.state, None, ())
        assert back.resolved_at is None
        assert (await book.get(first.number)).conversations == (PLACE,)
        kinds = [deed.kind for deed in back.history]
        assert kinds == ["opened", "changed", "merged", "unmerged"]

    async def test_tickets_of_one_person_in_two_channels_are_found_together(
        self, books: Books
    ) -> None:
        async with books.process() as (book, database):
            first = await books.make(book, "Grinder is stuck", contact="email:e@x", place=PLACE)
            second = await books.make(book, "The grinder is stuck", contact="tg:7", place=OTHER)
            assert await book.likely(second.number) == []
            rows: list[dict[str, Any]] = [
                {"conversation": place, "contact": "ct_eva", "level": 1, "at": NOW}
                for place in (PLACE, OTHER)
            ]
            async with database.write() as connection:
                await connection.execute(insert(conversations_of), rows)
            found = await book.browse(TicketFilter(contact="ct_eva"))
            assert {one.number for one in found} == {first.number, second.number}
            (likely,) = await book.likely(second.number)
            assert likely.ticket.number == first.number
            whole = await book.merge(second.number, first.number, by=ANN, key="m")
            assert whole.number == first.number

    async def test_what_cannot_be_one_is_not_merged(self, books: Books, book: TicketBook) -> None:
        first = await books.make(book, contact="eva")
        second = await books.make(book, contact="otto")
        for one, other in ((first, first), (first, second)):
            with pytest.raises(Conflict):
                await book.merge(one.number, other.number, by=ANN, key=books.key())
        with pytest.raises(Conflict):
            await book.unmerge(first.number, by=ANN, key=books.key())
        done = await book.merge(first.number, second.number, by=ANN, key=books.key(), anyway=True)
        assert done.number == second.number

    async def test_a_reply_to_a_duplicate_is_about_the_ticket_that_stands_for_it(
        self, books: Books, book: TicketBook
    ) -> None:
        first = await books.make(book, contact="eva", place=PLACE)
        second = await books.make(book, contact="eva", place=OTHER)
        await book.merge(second.number, first.number, by=ANN, key=books.key())
        await books.move(book, first.number, state="resolved")
        answered = await book.reply(second.number, "Still?", by=CUSTOMER, key=books.key())
        assert (answered.number, answered.state) == (first.number, "open")
        assert (answered.history[-1].note, answered.history[-1].internal) == ("Still?", True)
        await books.move(book, first.number, state="closed")
        books.time += timedelta(days=31)
        new = await book.reply(second.number, "Hello?", by=CUSTOMER, key=books.key())
        assert (new.conversations, new.contact) == ((OTHER,), None)

    async def test_a_merge_gives_nobody_a_look_at_the_other_s_ticket(
        self, books: Books, book: TicketBook
    ) -> None:
        first = await books.make(book, contact="eva", place=PLACE)
        second = await books.make(book, contact="otto", place=OTHER)
        await book.merge(second.number, first.number, by=ANN, key=books.key(), anyway=True)
        assert await book.tickets(Subject(conversation=OTHER, contact="otto", level=3)) == []
        stranger = Subject(conversation=OTHER)
        change = TicketChange(note="x")
        assert await book.update(stranger, first.number, change, by="ai", key="k") is None

    async def test_links_are_seen_from_both_sides(self, books: Books, book: TicketBook) -> None:
        first, second = await books.make(book), await books.make(book)
        await book.link(first.number, other=second.number, by=ANN, key=books.key())
        linked = await book.link(first.number, other=second.number, by=ANN, key=books.key())
        assert [deed.kind for deed in linked.history] == ["opened", "linked"]
        assert [link.other for link in (await book.get(second.number)).links] == [first.number]
        placed = await book.link(first.number, conversation=PLACE, by=ANN, key=books.key())
        assert placed.conversations == (PLACE,)

    async def test_two_processes_at_once_do_each_thing_once(self, books: Books) -> None:
        async with books.process() as (one, _), books.process() as (other, _):
            whose, new = Subject(conversation=PLACE), NewTicket(subject="x")
            made = await asyncio.gather(
                *(book.open(whose, new, by=ANN, key="k") for book in (one, other, one, other))
            )
            number = made[0].number
            assert {ticket.number for ticket in made} == {number}
            change = TicketChange(state="resolved")
            await asyncio.gather(
                *(book.change(number, change, by=ANN, key="c") for book in (one, other, one))
            )
            await asyncio.gather(
                *(book.reply(number, "No!", by=CUSTOMER, key="r") for book in (one, other))
            )
            found = await one.get(number)
        assert [deed.state for deed in found.history] == ["open", "resolved", "open"]
