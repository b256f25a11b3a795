"""What customers of a page have seen, and what climbs because they have not: against a store."""

from __future__ import annotations

import asyncio

import pytest

from channels.ingress import Ingress
from core.bus.connect import Bus
from core.conversation import Head, Turnpike
from core.ids import ConversationId, EventId, new_event_id
from core.messages import Address, Author, EntryKind, InboundEvent
from tests.fakes.frames import open_line
from tests.fakes.gateway import open_doors

WEB = Address(channel="web", account="shop", chat="visitor")
CHAT = Address(channel="telegram", chat="77")
PERSON = Author(role="human_agent", name="Jana")


class Talk:
    """A conversation that began in the widget."""

    def __init__(self, bus: Bus, conversation: ConversationId) -> None:
        self.bus = bus
        self.id = conversation

    async def say(
        self, text: str, author: Author, address: Address = WEB, *, kind: EntryKind = "message"
    ) -> int:
        event = InboundEvent(
            id=EventId(new_event_id("test")), conversation=self.id, address=address,
            author=author, text=text, kind=kind,
        )  # fmt: skip
        return (await self.bus.log.accept(event)).seq

    async def asks(self, text: str = "Hello?", address: Address = WEB) -> int:
        return await self.say(text, Author(role="customer"), address)

    async def replies(self, text: str = "Hello!") -> int:
        return await self.say(text, PERSON)

    async def head(self) -> Head:
        return await self.bus.log.head(self.id)

    async def due(self) -> bool:
        now = await self.bus.unseen.now_ms()
        return self.id in await self.bus.unseen.due(before_ms=now)


@pytest.fixture
async def talk(bus: Bus) -> Talk:
    bus.log.mind_unseen()
    return Talk(bus, await bus.log.create(WEB))


async def test_a_reply_is_looked_after_until_it_is_seen(talk: Talk) -> None:
    await talk.asks()
    assert not await talk.due()
    seq = await talk.replies()
    assert await talk.due()
    assert await talk.bus.unseen.note_seen(talk.id, seq)
    assert not await talk.bus.unseen.note_seen(talk.id, seq)
    assert not await talk.due()
    head = await talk.head()
    assert (head.seen, head.seen_at is not None) == (seq, True)


async def test_an_earlier_word_that_was_seen_leaves_the_later_one_unseen(talk: Talk) -> None:
    first = await talk.replies("one")
    await talk.replies("two")
    await talk.bus.unseen.note_seen(talk.id, first)
    assert await talk.due()
    await talk.asks("I am here")
    assert not await talk.due()


async def test_a_seen_mark_from_the_future_counts_up_to_the_last_entry(talk: Talk) -> None:
    seq = await talk.replies()
    await talk.bus.unseen.note_seen(talk.id, 10**6)
    assert (await talk.head()).seen == seq


async def test_words_climb_once_however_many_look_after_them(talk: Talk) -> None:
    asked = await talk.asks()
    seq = await talk.replies()
    climbs = [
        talk.bus.unseen.climb(talk.id, CHAT, after=asked, newest=seq, said=seq) for _ in range(10)
    ]  # fmt: skip
    assert sum(await asyncio.gather(*climbs)) == 1
    head = await talk.head()
    assert (head.address, head.climbed, head.is_away) == (CHAT, seq, True)
    assert head.customer_cursor == asked


async def test_what_was_told_elsewhere_does_not_climb_again(talk: Talk) -> None:
    seq = await talk.replies()
    await talk.bus.unseen.climb(talk.id, CHAT, after=0, newest=seq, said=seq)
    assert await talk.bus.unseen.come_home(talk.id)
    assert (await talk.head()).address == WEB
    assert not await talk.bus.unseen.climb(talk.id, CHAT, after=0, newest=seq, said=seq)


async def test_what_was_seen_in_the_last_moment_does_not_climb(talk: Talk) -> None:
    seq = await talk.replies()
    await talk.bus.unseen.note_seen(talk.id, seq)
    assert not await talk.bus.unseen.climb(talk.id, CHAT, after=0, newest=seq, said=seq)
    assert (await talk.head()).address == WEB


async def test_who_is_seen_on_the_page_again_gets_answers_there_again(talk: Talk) -> None:
    seq = await talk.replies()
    await talk.bus.unseen.climb(talk.id, CHAT, after=0, newest=seq, said=seq)
    await talk.bus.unseen.note_seen(talk.id, seq)
    head = await talk.head()
    assert (head.address, head.is_away) == (WEB, False)
    later = await talk.replies("more")
    assert await talk.due()
    assert await talk.bus.unseen.climb(talk.id, CHAT, after=seq, newest=later, said=later)


async def test_who_answers_where_it_climbed_to_stays_there(talk: Talk) -> None:
    seq = await talk.replies()
    await talk.bus.unseen.climb(talk.id, CHAT, after=0, newest=seq, said=seq)
    await talk.asks("From the train", CHAT)
    head = await talk.head()
    assert (head.address, head.is_away) == (CHAT, False)
    assert head.places == (CHAT,)


async def test_the_pages_own_mark_is_kept(bus: Bus, talk: Talk) -> None:
    async with open_doors(bus) as doors, open_line(doors.url) as line:
        await line.connect({"site": "shop"})
        await line.event("ready")
        said = await line.ask("message", {"client_id": "c1", "text": "Hello there."})
        conversation = ConversationId(str(said["conversation"]))
        while (await line.event("entry"))["seq"] != 2:
            pass
        assert (await bus.log.head(conversation)).seen == 1
        await line.ask("seen", {"seq": 2})
        assert (await bus.log.head(conversation)).seen == 2


async def test_a_pressed_mark_is_a_rating_and_opens_nothing(talk: Talk) -> None:
    await talk.asks()
    close = InboundEvent(
        id=EventId("close"), conversation=talk.id, address=WEB, author=PERSON, kind="control",
        action="close",
    )  # fmt: skip
    await talk.bus.log.accept(close)
    press = InboundEvent(
        id=EventId("press"), conversation=talk.id, address=WEB, author=Author(role="customer"),
        kind="control", action="button", value="rate:4", in_reply_to=1,
    )  # fmt: skip
    ingress = Ingress(talk.bus.log, channel="web", turnpike=Turnpike())
    await ingress.accept(press)
    assert (await ingress.accept(press)).duplicate
    kept = (await talk.bus.log.entries(talk.id))[-1]
    assert (kept.action, kept.value) == ("rate", "4")
    assert (await talk.head()).status == "closed"


async def test_complaint_6_replies_while_the_line_was_gone_are_there_once_on_return(
    bus: Bus,
) -> None:
    bus.log.mind_unseen()
    async with open_doors(bus) as doors:
        async with open_line(doors.url) as line:
            await line.connect({"site": "shop"})
            visitor = (await line.event("ready"))["visitor"]
            said = await line.ask("message", {"client_id": "c1", "text": "Hello there."})
        talk = Talk(bus, ConversationId(str(said["conversation"])))
        replies = [await talk.replies(f"Reply {number}") for number in range(3)]
        async with open_line(doors.url) as line:
            await line.connect({"site": "shop", "visitor": visitor})
            shown = (await line.ask("resume", {"after": said["seq"]}))["entries"]
            people = [entry for entry in shown if entry["author"]["role"] == "human_agent"]
            assert [entry["seq"] for entry in people] == replies
            await line.ask("seen", {"seq": replies[-1]})
        assert not await talk.due(), "and what was seen climbs nowhere"
