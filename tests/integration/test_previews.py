"""Answers shown while they are made, on a real store: paced, then turned into the answer or taken
away; a human who takes over has the last word."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from channels import showing
from channels.base import Capabilities, Report
from channels.delivery import Accounts, Delivery
from channels.previews import Previews
from channels.shown import ShownAnswers
from core.bus.connect import Bus
from core.conversation import Claim, NotClaimed, Preview, TurnCommit
from core.errors import PermanentDeliveryError, TemporaryDeliveryError
from core.ids import ConversationId, new_event_id, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent, Outbound, Receipt
from core.ports import Delta
from core.telemetry import REGISTRY
from tests.fakes.services import serving
from tests.fakes.waiting import until, until_found

DOUBLES = "switchboard_possible_doubles_total"
HOME = Address(channel="pager", account="bot", chat="42")


class Screen:
    """An adapter whose platform shows messages that can be changed and taken away."""

    name, account = "pager", "bot"

    def __init__(self, gap: float = 0.02) -> None:
        self.capabilities = Capabilities(
            max_text=4000, edits=True, typing=True, preview_seconds=gap
        )
        self.messages: dict[str, str] = {}
        self.typed = 0
        self.calls: list[tuple[float, str]] = []
        self.sent: list[Outbound] = []
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def show_typing(self, to: Address) -> None:
        self.typed += 1

    async def show_preview(self, to: Address, text: str, before: str | None) -> str | None:
        self.calls.append((asyncio.get_running_loop().time(), text))
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        shown = before or f"pager:{len(self.messages) + 1}"
        self.messages[shown] = text
        return shown

    async def drop_preview(self, to: Address, preview: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.messages.pop(preview, None)

    async def send(self, message: Outbound, report: Report) -> Receipt:
        self.sent.append(message)
        place = message.preview or f"pager:{len(self.messages) + 1}"
        self.messages[place] = message.entry.text
        return Receipt(platform_ids=(place,))

    @property
    def texts(self) -> list[str]:
        return list(self.messages.values())


class Stream:
    """A conversation with an engine played by hand: pieces, then the commit."""

    def __init__(self, bus: Bus, conversation: ConversationId, claim: Claim) -> None:
        self.bus, self.conversation, self.claim = bus, conversation, claim
        self.entry = reply_entry_id(conversation, claim.seen)
        self._part = 0

    @classmethod
    async def begin(cls, bus: Bus) -> Stream:
        conversation = await bus.log.create(HOME)
        await say(bus, conversation, "Where is my order?")
        return cls(bus, conversation, await claim_of(bus, conversation))

    async def piece(self, text: str, attempt: int = 1) -> None:
        if text == "":
            self._part = 0
            return
        await self.bus.live.publish_delta(
            Delta(
                conversation=self.conversation, id=self.entry, attempt=attempt, part=self._part,
                text=text,
            )
        )  # fmt: skip
        self._part += 1

    async def commit(self, *texts: str) -> str:
        entries = [
            EntryBody(
                id=reply_entry_id(self.conversation, self.claim.seen, part),
                author=Author(role="ai"), text=text,
            )
            for part, text in enumerate(texts)
        ]  # fmt: skip
        done = await self.bus.log.commit(self.claim, TurnCommit(entries=tuple(entries)))
        return done.outcome


async def say(bus: Bus, conversation: ConversationId, text: str, role: str = "customer") -> None:
    author = Author.model_validate({"role": role, "name": role})
    await bus.log.accept(
        InboundEvent(
            id=new_event_id("pager"), conversation=conversation, address=HOME, author=author,
            text=text,
        )
    )  # fmt: skip


async def claim_of(bus: Bus, conversation: ConversationId) -> Claim:
    raw: Any = await bus.calls.command("HGETALL", f"sb:{{{conversation[3:5]}}}:c:{conversation}")
    found = raw if isinstance(raw, dict) else dict(zip(raw[::2], raw[1::2], strict=True))
    got = await bus.log.claim("engine", conversation, found[b"w:engine"].decode(), lease_ms=30_000)
    assert not isinstance(got, NotClaimed)
    return got


@asynccontextmanager
async def channel(
    bus: Bus, screen: Screen, *, showing: bool = True, delivering: bool = True
) -> AsyncGenerator[Delivery]:
    """The services of the channel, as `switchboard.channels` makes them."""
    adapter: Any = screen
    previews = Previews(bus, {"bot": adapter}, "pager")
    sender = Accounts([adapter])
    delivery = Delivery(bus, sender, previews=ShownAnswers(bus.log, sender, previews.hush))
    services = [bus.live, *([previews] if showing else []), *([delivery] if delivering else [])]
    async with serving(*services):
        yield delivery


async def test_an_answer_is_shown_while_it_is_made_and_turns_into_the_message(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await until(lambda: screen.typed > 0)
        await stream.piece("It is ")
        await until(lambda: screen.texts == ["It is "])
        await stream.piece("in Brno")
        await until(lambda: screen.texts == ["It is in Brno"])
        assert await stream.commit("It is in Brno.") == "ok"
        await until(lambda: len(screen.sent) == 1)
        assert screen.texts == ["It is in Brno."]
        assert screen.sent[0].preview == "pager:1"
    ticket = await bus.calls.command(
        "HGET", f"sb:{{{stream.conversation[3:5]}}}:c:{stream.conversation}:sends", "preview"
    )
    assert not ticket


async def test_pieces_that_come_fast_are_shown_at_the_pace_of_the_channel(bus: Bus) -> None:
    screen = Screen(gap=0.15)
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        began = asyncio.get_running_loop().time()
        for number in range(40):
            await stream.piece(f"{number} ")
        took = asyncio.get_running_loop().time() - began
        await until(lambda: bool(screen.texts) and screen.texts[0].endswith("39 "))
        times = [at for at, _ in screen.calls]
        assert all(b - a >= 0.14 for a, b in itertools.pairwise(times))
        assert len(times) <= 4 + took / 0.15


async def test_a_human_who_takes_over_takes_the_bots_words_away(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await stream.piece("You get 500 euros")
        await until(lambda: len(screen.texts) == 1)
        await say(bus, stream.conversation, "I have it.", role="human_agent")
        await until(lambda: screen.texts == ["I have it."])
        await stream.piece(" and more")
        assert await stream.commit("You get 500 euros and more") == "epoch"
        await say(bus, stream.conversation, "Bye.", role="human_agent")
        await until(lambda: screen.texts == ["I have it.", "Bye."])


async def test_an_answer_that_was_withheld_leaves_no_preview_behind(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen, delivering=False):
        stream = await Stream.begin(bus)
        await stream.piece("You get 500 euros")
        await until(lambda: len(screen.texts) == 1)
        await until_found(lambda: is_noted(bus, stream))
        assert await stream.commit("You get 500 euros.") == "ok"
    await say(bus, stream.conversation, "I have it.", role="human_agent")
    async with channel(bus, screen, showing=False):
        await until(lambda: screen.texts == ["I have it."])
    assert [message.entry.author.role for message in screen.sent] == ["human_agent"]


async def test_what_a_dead_process_showed_is_taken_away_before_the_next_words(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen, delivering=False):
        stream = await Stream.begin(bus)
        await stream.piece("You get")
        await until(lambda: len(screen.texts) == 1)
        await until_found(lambda: is_noted(bus, stream))
    assert screen.texts == ["You get"]
    await say(bus, stream.conversation, "I have it.", role="human_agent")
    async with channel(bus, screen, showing=False):
        await until(lambda: screen.texts == ["I have it."])


async def is_noted(bus: Bus, stream: Stream) -> bool:
    """True if delivery can know which message shows the answer."""
    key = f"sb:{{{stream.conversation[3:5]}}}:c:{stream.conversation}:sends"
    raw = await bus.calls.command("HGET", key, "preview")
    return b"pager:" in (raw or b"")


async def test_a_platform_that_cannot_take_it_away_yet_is_asked_again(bus: Bus) -> None:
    screen = Screen()
    stream = await Stream.begin(bus)
    screen.messages["pager:1"] = "You get"
    preview = Preview(entry=stream.entry, to=HOME, id="pager:1", epoch=0)
    assert await bus.log.note_preview(stream.conversation, stream.entry, 0, preview)
    await say(bus, stream.conversation, "I have it.", role="human_agent")
    screen.fails = TemporaryDeliveryError("away", certain=True)
    async with channel(bus, screen, showing=False):
        await asyncio.sleep(0)
        screen.fails = None
        await until(lambda: screen.texts == ["I have it."])


async def test_a_preview_that_fails_costs_no_answer(bus: Bus) -> None:
    screen = Screen()
    screen.fails = PermanentDeliveryError("no previews here")
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await stream.piece("It is")
        await until(lambda: len(screen.calls) == 1)
        await stream.commit("It is in Brno.")
        await until(lambda: screen.texts == ["It is in Brno."])
        assert screen.sent[0].preview is None


async def test_a_preview_that_hangs_does_not_hold_the_answer(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "_CALL_SECONDS", 60.0)
    screen = Screen()
    screen.gate.clear()
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await stream.piece("It is")
        await until(lambda: len(screen.calls) == 1)
        await stream.commit("It is in Brno.")
        await until(lambda: len(screen.sent) == 1)
        screen.gate.set()
        await until(lambda: screen.texts == ["It is in Brno."])


async def test_a_turn_that_ends_without_words_takes_its_preview_away(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await stream.piece("Let me see")
        await until(lambda: len(screen.texts) == 1)
        assert await stream.commit() == "ok"
        await until(lambda: screen.texts == [])


async def test_an_attempt_that_begins_anew_changes_the_same_message(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen):
        stream = await Stream.begin(bus)
        await stream.piece("Wrong words")
        await until(lambda: screen.texts == ["Wrong words"])
        await stream.piece("")
        await stream.piece("Right words", attempt=2)
        await until(lambda: screen.texts == ["Right words"])


async def test_what_is_made_for_another_channel_is_not_shown(bus: Bus) -> None:
    screen = Screen()
    async with channel(bus, screen):
        elsewhere = await bus.log.create(Address(channel="web", chat="7"))
        await bus.live.publish_delta(
            Delta(conversation=elsewhere, id=f"{elsewhere}:1:0", attempt=1, part=0, text="secret")
        )
        stream = await Stream.begin(bus)
        await stream.piece("Hello")
        await until(lambda: screen.texts == ["Hello"])
    assert [text for _, text in screen.calls] == ["Hello"]


@pytest.mark.parametrize("processes", [2])
async def test_two_processes_show_one_preview(bus: Bus, processes: int) -> None:
    screen = Screen()
    async with channel(bus, screen):
        adapter: Any = screen
        other, stop, ready = (
            Previews(bus, {"bot": adapter}, "pager"),
            asyncio.Event(),
            asyncio.Event(),
        )
        task = asyncio.create_task(other.run(stop, ready))
        await ready.wait()
        stream = await Stream.begin(bus)
        await stream.piece("Hello")
        await until(lambda: screen.texts == ["Hello"])
        await stream.piece(" there")
        await until(lambda: screen.texts == ["Hello there"])
        stop.set()
        await task
    assert len(screen.messages) == 1


@pytest.mark.parametrize("asks", [False, True])
async def test_a_repeat_that_may_be_a_double_is_counted_and_named(
    bus: Bus, asks: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    screen.capabilities = screen.capabilities.model_copy(update={"asks": asks})
    faults: list[Exception] = [TemporaryDeliveryError("cut", certain=False)]
    send = screen.send

    async def cut_once(message: Outbound, report: Report) -> Receipt:
        receipt = await send(message, report)
        if faults:
            raise faults.pop()
        return receipt

    screen.send = cut_once
    before = REGISTRY.get_sample_value(DOUBLES, {"channel": "pager"}) or 0
    async with channel(bus, screen, showing=False):
        stream = await Stream.begin(bus)
        await stream.commit("It is in Brno.")
        await until(lambda: len(screen.sent) == 2)
    after = REGISTRY.get_sample_value(DOUBLES, {"channel": "pager"}) or 0
    assert after - before == (0 if asks else 1)
    assert screen.sent[1].unsure
    logged = capsys.readouterr()
    told = "delivery_perhaps_doubled" in logged.out + logged.err
    assert told is not asks
    assert str(stream.conversation) in logged.out + logged.err
