"""Tickets follow what is said in their conversations, in whatever channel, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.inserting import insert_new
from core.archive.tables import entries
from core.bus.journal import JournalRecord
from core.conversation import Head
from core.customers.records import Subject
from core.ids import ConversationId, EntryId
from core.messages import Address, Author, ControlAction, Entry, EntryKind
from core.tickets.book import TicketBook
from core.tickets.filters import TicketFilter
from core.tickets.following import with_tickets
from core.tickets.opening import number_of_note
from core.tickets.records import Actor, NewTicket, Ticket, TicketChange
from core.tickets.settings import TicketSettings

ANN = Actor(name="Ann")


async def _nothing(connection: AsyncConnection, batch: Sequence[JournalRecord]) -> None:
    del connection, batch


class Talks:
    """The log of some conversations, as far as tickets ask for it."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.said: dict[str, list[Entry]] = {}

    async def head(self, conversation: ConversationId) -> Head:
        return self.heads[conversation]

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 500
    ) -> list[Entry]:
        return [entry for entry in self.said[conversation] if entry.seq > after][:limit]


def _row(place: str, entry: Entry) -> dict[str, Any]:
    """As the archive has it by the time tickets are told."""
    return {
        "conversation": place, "seq": entry.seq, "event": entry.id, "at": entry.at, "folded": "",
        "kind": entry.kind, "role": entry.author.role, "text": entry.text, "action": entry.action,
        "body": entry.model_dump(mode="json", exclude_defaults=True),
    }  # fmt: skip


class House:
    """Conversations, a database, and what the archive's follower does to tickets."""

    def __init__(self, database: Database) -> None:
        self.database, self.talks = database, Talks()
        self.book = TicketBook(database)
        self.unread: list[JournalRecord] = []
        self.count = 0
        self.set(TicketSettings())

    def set(self, settings: TicketSettings) -> None:
        self.follow = with_tickets(_nothing, cast("Any", self.talks), settings)

    def talk(self) -> str:
        """A new conversation."""
        name = f"cv_{len(self.talks.heads):02d}_0123456789abcdefghijkl"
        now = datetime.now(UTC)
        self.talks.heads[name] = Head(
            id=ConversationId(name), contact="eva", level=1, created_at=now, updated_at=now
        )
        self.talks.said[name] = []
        return name

    def say(
        self, place: str, text: str, *, role: Any = "customer", kind: EntryKind = "message",
        action: ControlAction | None = None, channel: str = "rest", name: str | None = None,
    ) -> Entry:  # fmt: skip
        """Somebody says it; the follower has not read it yet."""
        entry = Entry(
            id=EntryId(name or f"{channel}:{place}:{len(self.talks.said[place])}"),
            seq=len(self.talks.said[place]) + 1, at=datetime.now(UTC), text=text, kind=kind,
            action=action, address=Address(channel=channel, chat="c"),
            author=Author(role=role, name="Ann" if role == "human_agent" else ""),
        )  # fmt: skip
        self.talks.said[place].append(entry)
        self.unread.append(
            JournalRecord(
                shard="00", id=f"{len(self.unread)}-1", kind="entry", conversation=place,
                seq=entry.seq, at=entry.at, entry=entry,
            )
        )  # fmt: skip
        return entry

    def call(self, place: str) -> None:
        """People are called to it."""
        self.unread.append(
            JournalRecord(
                shard="00", id="9-1", kind="case", conversation=place, seq=1,
                at=datetime.now(UTC), receipt={"case": {"reason": "request"}},
            )
        )  # fmt: skip

    async def tell(self, *, times: int = 2) -> None:
        """The follower reads it; it dies before it says so, and reads again."""
        for _ in range(times):
            async with self.database.write() as connection:
                said = [(one.conversation, one.entry) for one in self.unread if one.entry]
                await insert_new(connection, entries, [_row(*one) for one in said])
                await self.follow(connection, self.unread)
        self.unread = []

    async def ticket(self, place: str, state: Any = None) -> Ticket:
        self.count += 1
        whose = Subject(conversation=place, contact="eva", level=1)
        key = f"k{self.count}"
        made = await self.book.open(whose, NewTicket(subject="It leaks"), by=ANN, key=key)
        if state is None:
            return made
        change = TicketChange(state=state)
        return await self.book.change(made.number, change, by=ANN, key=f"{key}:s")


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.mark.parametrize("channel", ["rest", "telegram", "email"])
async def test_words_in_any_channel_open_again_what_was_done(house: House, channel: str) -> None:
    place = house.talk()
    done = [await house.ticket(place, state) for state in ("closed", "resolved")]
    house.say(place, "It leaks again.", channel=channel)
    await house.tell()
    last = await house.book.get(done[1].number)
    assert last.state == "open"
    deed = last.history[-1]
    assert (deed.side, deed.kind, deed.note) == ("customer", "reply", "It leaks again.")
    assert (await house.book.get(done[0].number)).state == "closed", "only the last one"
    assert [one.state for one in last.history] == ["open", "resolved", "open"]


async def test_thanks_and_words_from_before_it_was_done_open_nothing(house: House) -> None:
    place = house.talk()
    house.say(place, "It leaks.")
    made = await house.ticket(place, "resolved")
    house.say(place, "Děkuji moc!")
    await house.tell()
    assert (await house.book.get(made.number)).state == "resolved"


async def test_what_waited_for_the_customer_waits_no_more(house: House) -> None:
    place = house.talk()
    made, other = await house.ticket(place, "pending"), await house.ticket(place, "closed")
    house.say(place, "The number is 12.")
    await house.tell()
    assert (await house.book.get(made.number)).state == "open"
    assert (await house.book.get(other.number)).state == "closed"


async def test_a_person_s_words_are_the_first_reply(house: House) -> None:
    place = house.talk()
    made = await house.ticket(place)
    house.say(place, "note", role="human_agent", kind="note")
    hello = house.say(place, "Hello!", role="human_agent")
    house.say(place, "Still there?", role="human_agent")
    await house.tell()
    replied = await house.book.get(made.number)
    assert replied.first_reply_at == hello.at


async def test_after_too_long_a_time_words_open_a_new_ticket_once(house: House) -> None:
    place = house.talk()
    long_ago = datetime.now(UTC) - timedelta(days=40)
    old = TicketBook(house.database, now=lambda: long_ago)
    whose = Subject(conversation=place)
    made = await old.open(whose, NewTicket(subject="It leaks"), by=ANN, key="a")
    await old.change(made.number, TicketChange(state="closed"), by=ANN, key="b")
    house.say(place, "It leaks again.")
    await house.tell(times=3)
    new, first = await house.book.browse(TicketFilter(conversation=place))
    assert (first.number, first.state) == (made.number, "closed")
    assert (new.origin, new.body, new.state) == ("follow_up", "It leaks again.", "open")


async def test_a_reply_through_the_ticket_is_one_whoever_comes_first(house: House) -> None:
    place = house.talk()
    made, key = await house.ticket(place, "closed"), "ticket:abc"
    house.say(place, "Again.", name=f"rest:{place}:{key}")
    await house.tell()
    by = Actor(name="customer", side="customer")
    replied = await house.book.reply(made.number, "Again.", by=by, key=key)
    assert [deed.note for deed in replied.history] == ["", "", "Again."]


async def test_a_note_of_the_desk_opens_a_ticket_under_the_number_it_was_told(
    house: House,
) -> None:
    place = house.talk()
    house.say(place, "ticket: no", role="customer")
    note = house.say(place, "ticket: It leaks\nSince Monday.", role="human_agent", kind="note")
    await house.tell()
    (made,) = await house.book.browse(TicketFilter(conversation=place))
    assert (made.number, made.subject, made.body) == (
        number_of_note(note.id), "It leaks", "Since Monday.",
    )  # fmt: skip
    assert (made.origin, made.contact, made.level) == ("desk", "eva", 1)


@pytest.mark.parametrize(("mail", "count"), [("always", 1), ("people", 0), ("never", 0)])
async def test_a_mail_opens_a_ticket_if_that_is_set(house: House, mail: Any, count: int) -> None:
    house.set(TicketSettings(mail=mail))
    place = house.talk()
    house.say(place, "Leaking tank\n\nIt leaks.", channel="email")
    house.say(place, "Hello?", channel="email")
    await house.tell()
    found = await house.book.browse(TicketFilter(conversation=place))
    assert [(one.subject, one.origin) for one in found] == [("Leaking tank", "mail")] * count


async def test_people_called_to_a_mail_get_a_ticket_which_ends_with_the_conversation(
    house: House,
) -> None:
    place, chat = house.talk(), house.talk()
    house.say(place, "Leaking tank\n\nIt leaks.", channel="email")
    house.say(chat, "It leaks.")
    house.call(place)
    house.call(chat)
    await house.tell()
    (made,) = await house.book.browse(TicketFilter())
    assert (made.conversation, made.subject, made.body) == (
        place, "Leaking tank", "Leaking tank\n\nIt leaks.",
    )  # fmt: skip
    house.say(place, "", role="human_agent", kind="control", action="close")
    await house.tell()
    assert (await house.book.get(made.number)).state == "resolved"


@pytest.mark.parametrize("mail", ["always", "people"])
@pytest.mark.parametrize("late", [False, True])
async def test_a_ticket_hears_what_was_archived_before_the_record_that_opens_it(
    house: House, mail: Any, late: bool
) -> None:
    house.set(TicketSettings(mail=mail))
    place = house.talk()
    house.say(place, "Leaking tank\n\nIt leaks.", channel="email")
    if mail == "people":
        house.call(place)
    of_the_dead, house.unread = house.unread, []
    hello = house.say(place, "Hello!", role="human_agent")
    house.say(place, "", role="human_agent", kind="control", action="close")
    if late:
        await house.tell()
        house.unread = of_the_dead
    else:
        house.unread = [*of_the_dead, *house.unread]
    await house.tell()
    (made,) = await house.book.browse(TicketFilter(conversation=place))
    assert (made.state, made.first_reply_at) == ("resolved", hello.at)
    house.say(place, "It leaks again.", channel="email")
    await house.tell()
    assert (await house.book.get(made.number)).state == "open"
