"""Unseen replies climb: to the linked Telegram chat, else to one mail; never both, never twice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from channels.base import Report
from channels.climbing import Climber, ClimbingSettings
from channels.climbing_mail import GroupedMail
from channels.climbing_places import Places
from channels.delivery import Delivery
from channels.settings import WebSettings
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys, unseen_key
from core.conversation import Claim, TurnCommit
from core.identity.links import FRAGMENT, LinkTokens
from core.ids import ConversationId, EntryId, EventId
from core.messages import (
    Address,
    Author,
    ControlAction,
    EntryBody,
    InboundEvent,
    Outbound,
    Receipt,
)
from core.phrases import load_phrases
from core.runtime import end_tasks, spawn
from tests.fakes.frames import open_line
from tests.fakes.gateway import list_deps, open_doors
from tests.fakes.waiting import until, until_found
from tests.integration.test_unseen import CHAT, PERSON, WEB, Talk

PLACES = Places(frozenset({"default"}), ("help@shop.example",))
MAIL = Address(channel="email", account="help@shop.example", chat="eva@home.example")
LINKS = LinkTokens("s" * 32)
IDENTITY_SECRET = "i" * 40
SETTINGS = ClimbingSettings(after_seconds=0.001, page="https://shop.example/help")


@dataclass
class Out:
    """A sender that keeps what it is given."""

    name: str
    sent: list[Outbound] = field(default_factory=list)

    async def send(self, message: Outbound, report: Report) -> Receipt:
        self.sent.append(message)
        return Receipt(platform_ids=(f"{self.name}:{len(self.sent)}",))

    @property
    def texts(self) -> list[str]:
        return [message.entry.text for message in self.sent]


@dataclass
class Rig:
    """A conversation of the page, its climber, and two ways out."""

    talk: Talk
    chat: Out
    mail: Out
    climber: Climber

    async def climb(self) -> int:
        await asyncio.sleep(0.005)  # the store's clock counts milliseconds
        return await self.climber.look()

    async def is_home(self) -> bool:
        return not (await self.talk.head()).is_away

    async def act(self, action: ControlAction) -> None:
        await self.talk.bus.log.accept(
            InboundEvent(
                id=EventId(action), conversation=self.talk.id, address=WEB, author=PERSON,
                kind="control", action=action,
            )
        )  # fmt: skip

    async def say_as_ai(self, text: str) -> None:
        log, head = self.talk.bus.log, ConversationKeys.of(self.talk.id).head
        wake: Any = await self.talk.bus.calls.command("HGET", head, "w:engine")
        claim = await log.claim("engine", self.talk.id, wake.decode(), lease_ms=5000)
        assert isinstance(claim, Claim)
        body = EntryBody(id=EntryId("said-by-ai"), author=Author(role="ai"), text=text)
        assert (await log.commit(claim, TurnCommit(entries=(body,)))).outcome == "ok"

    async def leave_address(self, address: str = "eva@home.example") -> None:
        await self.talk.bus.log.accept(
            InboundEvent(
                id="left", conversation=self.talk.id, address=WEB, kind="note",  # type: ignore[arg-type]
                author=Author(role="system"), reason="follow_up_email", value=address,
            )
        )  # fmt: skip


@pytest.fixture
async def rig(bus: Bus) -> Any:
    bus.log.mind_unseen()
    chat, mail = Out("telegram"), Out("email")
    letters = GroupedMail(load_phrases(Path("config/phrases")), LINKS, SETTINGS)
    stop = asyncio.Event()
    works = [
        Delivery(bus, chat, grace_seconds=1),
        Delivery(bus, mail, grace_seconds=1, letter=letters.letter),
    ]
    tasks = [spawn(work.run(stop, asyncio.Event()), name=work.name) for work in works]
    talk = Talk(bus, await bus.log.create(WEB))
    yield Rig(talk, chat, mail, Climber(bus, PLACES, SETTINGS))
    stop.set()
    await end_tasks(*tasks)


async def linked(rig: Rig) -> None:
    """The customer went on in Telegram once, and came back to the page."""
    await rig.talk.asks("From the phone", CHAT)
    await rig.talk.asks("Back at the desk")


async def test_what_is_not_seen_goes_to_the_linked_chat_once_and_not_by_mail(rig: Rig) -> None:
    await linked(rig)
    await rig.leave_address()
    await rig.talk.replies("First")
    await rig.talk.replies("Second")
    assert sum(await asyncio.gather(*(rig.climb() for _ in range(4)))) == 1
    await until(lambda: len(rig.chat.sent) == 2)
    assert rig.chat.texts == ["First", "Second"]
    assert await rig.climb() == 0
    assert rig.mail.sent == []
    notes = [e for e in await rig.talk.bus.log.entries(rig.talk.id) if e.reason == "climbed"]
    assert len(notes) == 1


async def test_without_a_chat_everything_goes_in_one_mail_with_a_way_back(rig: Rig) -> None:
    await rig.talk.asks()
    await rig.leave_address()
    await rig.talk.replies("First")
    await rig.talk.replies("Second")
    assert await rig.climb() == 1
    await until(lambda: bool(rig.mail.sent))
    (letter,) = rig.mail.sent
    assert letter.to == MAIL
    assert "Jana: First\n\nJana: Second" in letter.entry.text
    link = letter.entry.text.split(f"https://shop.example/help#{FRAGMENT}")[1].split()[0]
    assert LINKS.conversation_of(link) == rig.talk.id

    await until_found(rig.is_home)
    assert (await rig.talk.head()).address == WEB


async def test_later_words_climb_in_a_mail_of_their_own(rig: Rig) -> None:
    await rig.talk.asks()
    await rig.leave_address()
    await rig.talk.replies("First")
    await rig.climb()
    await until(lambda: len(rig.mail.sent) == 1)
    await until_found(rig.is_home)
    await rig.talk.replies("Second")
    assert await rig.climb() == 1
    await until(lambda: len(rig.mail.sent) == 2)
    assert "First" not in rig.mail.texts[1]


async def test_what_was_seen_in_time_climbs_nowhere(rig: Rig) -> None:
    await linked(rig)
    seq = await rig.talk.replies()
    await rig.talk.bus.unseen.note_seen(rig.talk.id, seq)
    assert await rig.climb() == 0
    assert (await rig.talk.head()).address == WEB


async def test_a_persons_word_climbs_though_the_ai_spoke_after_it_and_was_overtaken(
    rig: Rig,
) -> None:
    await rig.talk.asks()
    await rig.leave_address()
    await rig.talk.replies("Your refund is on its way")
    await rig.act("release")
    await rig.say_as_ai("Anything else?")
    await rig.act("take")
    assert await rig.climb() == 1
    await until(lambda: bool(rig.mail.sent))
    assert "Jana: Your refund is on its way" in rig.mail.texts[0]
    assert "Anything else?" not in rig.mail.texts[0]
    await until_found(rig.is_home)
    assert await rig.climb() == 0 and len(rig.mail.sent) == 1
    await rig.talk.replies("It has left")
    assert await rig.climb() == 1
    await until(lambda: len(rig.mail.sent) == 2)
    assert "refund" not in rig.mail.texts[1]


async def test_a_word_climbs_however_much_was_noted_before_it(rig: Rig) -> None:
    await rig.talk.asks()
    await rig.leave_address()
    for number in range(210):
        await rig.talk.say(f"Look at this, {number}", PERSON, kind="note")
    await rig.talk.replies("It is done")
    assert await rig.climb() == 1
    await until(lambda: bool(rig.mail.sent))


async def test_what_can_be_sent_nowhere_holds_up_nobody(rig: Rig) -> None:
    bus = rig.talk.bus
    waiting = unseen_key(ConversationKeys.of(rig.talk.id).shard)
    gone = [f"{rig.talk.id[:6]}{number:022d}" for number in range(150)]
    await bus.calls.command("ZADD", waiting, *(item for name in gone for item in (1, name)))
    other = WEB.model_copy(update={"chat": "other"})
    unreadable = Talk(bus, await bus.log.create(other))
    await unreadable.replies()
    keys = ConversationKeys.of(unreadable.id)
    await bus.calls.command("XADD", keys.log, "9-0", "b", "{", "t", 0, "e", 0, "r", "ai")
    await bus.calls.command("HSET", keys.head, "said", 9)
    await bus.calls.command("ZADD", unseen_key(keys.shard), 2, unreadable.id)
    await rig.talk.asks()
    await rig.leave_address()
    await rig.talk.replies("First")
    assert await rig.climb() + await rig.climb() == 1
    assert await bus.unseen.due(before_ms=9) == [], "others come before what cannot be read"
    assert not set(gone) & set(await bus.unseen.due(before_ms=await bus.unseen.now_ms()))


async def test_nobody_is_mailed_at_an_address_that_only_the_customer_claims(rig: Rig) -> None:
    await rig.talk.asks("My address is eva@home.example")
    await rig.talk.bus.unseen.note_email(rig.talk.id, "eva@home.example")
    await rig.talk.replies()
    assert await rig.climb() == 0
    assert not await rig.talk.due(), "and it is not looked at again and again"


async def test_an_address_that_the_page_vouches_for_is_used(rig: Rig) -> None:
    await rig.talk.bus.unseen.note_email(rig.talk.id, "eva@home.example")
    await rig.talk.bus.unseen.note_level(rig.talk.id, 2)
    await rig.talk.replies()
    assert await rig.climb() == 1
    await until(lambda: bool(rig.mail.sent))


async def test_an_address_that_is_none_is_not_written_to(rig: Rig) -> None:
    await rig.talk.asks()
    await rig.leave_address("eva@home.example, all@shop.example")
    await rig.talk.replies()
    assert await rig.climb() == 0


async def test_complaint_15_a_forwarded_link_opens_no_more_than_the_mail_and_proves_nothing(
    bus: Bus, rig: Rig
) -> None:
    await rig.talk.asks("My secret is 4711")
    await rig.talk.bus.unseen.note_level(rig.talk.id, 2)
    await rig.leave_address()
    await rig.talk.replies("It is done.")
    await rig.climb()
    await until(lambda: bool(rig.mail.sent))
    link = rig.mail.texts[0].split(f"#{FRAGMENT}")[1].split()[0]
    deps = replace(list_deps(bus), tokens_of_links=LINKS)
    async with open_doors(bus, deps=deps) as doors:
        async with open_line(doors.url) as line:
            await line.connect({"site": "shop", "link": link})
            assert (await line.event("ready"))["conversation"] == rig.talk.id
            shown = (await line.ask("resume", {"after": 0}))["entries"]
            assert "It is done." in str(shown) and "4711" not in str(shown)
            assert "error" in await line.ask("upload", {})
            await line.ask("message", {"client_id": "c1", "text": "Thanks a lot."})
            assert (await rig.talk.head()).level == 0
        async with open_line(doors.url) as other:
            await other.connect({"site": "shop", "link": link})
            assert (await other.event("ready"))["conversation"] is None


async def test_a_page_that_vouches_for_its_user_leaves_their_address(bus: Bus) -> None:
    claims = {"sub": "u1", "aud": "shop", "exp": int(time.time()) + 60, "email": "eva@home.example"}
    identity = jwt.encode(claims, IDENTITY_SECRET, algorithm="HS256")
    settings = WebSettings(identity_secret=SecretStr(IDENTITY_SECRET))
    async with open_doors(bus, settings=settings) as doors, open_line(doors.url) as line:
        await line.connect({"site": "shop", "identity": identity})
        said = await line.ask("message", {"client_id": "c1", "text": "Hello there."})
        head = await bus.log.head(ConversationId(str(said["conversation"])))
        assert (head.email, head.level) == ("eva@home.example", 2)
