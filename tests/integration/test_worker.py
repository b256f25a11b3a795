"""The worker on a real store: bursts, take-overs, failures. Only the turns are scripted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core import telemetry
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.bus.live import LiveDelta, LiveEntry, LiveEvent, LiveState, LiveTurn
from core.conversation import Claim, TurnCommit, Turnpike
from core.engine.runner import DeltaSink
from core.engine.worker import Worker
from core.ids import ConversationId, client_event_id, new_event_id, reply_entry_id
from core.messages import Address, Author, Entry, EntryBody, InboundEvent
from tests.fakes.services import serving

ADAPTIVE = Turnpike(window_seconds=0.3, cap_seconds=2)
EACH = Turnpike(policy="each")


class ScriptedTurn:
    """Answers with all it saw; `during` happens while it thinks."""

    window = 10

    def __init__(self, during: Callable[[Claim, DeltaSink], Awaitable[None]] | None = None) -> None:
        self.during = during
        self.runs = 0

    async def run(self, claim: Claim, deltas: DeltaSink, steps: object) -> TurnCommit:
        self.runs += 1
        if self.during is not None:
            await self.during(claim, deltas)
        if claim.head.owner != "ai":
            return TurnCommit()
        texts = [e.text for e in claim.entries if e.author.role == "customer"]
        return TurnCommit(entries=(reply(claim, " + ".join(texts)),))

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        return TurnCommit(entries=(reply(claim, "sorry"),))


def reply(claim: Claim, text: str) -> EntryBody:
    author = Author(role="ai", name="Test")
    return EntryBody(id=reply_entry_id(claim.conversation, claim.seen), author=author, text=text)


class Visitor:
    """A customer with a conversation, and what happened to it so far."""

    def __init__(self, bus: Bus, conversation: ConversationId) -> None:
        self.bus = bus
        self.conversation = conversation
        self.events: list[LiveEvent] = []
        self.count = 0
        bus.live.watch(conversation, self._note)

    def _note(self, event: LiveEvent) -> None:
        self.events.append(event)

    async def say(self, text: str, *, pike: Turnpike = ADAPTIVE, finished: bool = True) -> int:
        self.count += 1
        event = InboundEvent(
            id=client_event_id("web", self.conversation, str(self.count)),
            conversation=self.conversation,
            address=Address(channel="web", chat="visitor"),
            author=Author(role="customer"),
            text=text,
        )
        return (await self.bus.log.accept(event, turnpike=pike, finished=finished)).seq

    async def human_says(self, text: str) -> int:
        event = InboundEvent(
            id=new_event_id("desk"),
            conversation=self.conversation,
            address=Address(channel="web", chat="visitor"),
            author=Author(role="human_agent", name="Desk"),
            text=text,
        )
        return (await self.bus.log.accept(event)).seq

    async def dealt_with(self, seq: int) -> None:
        """Return when the engine has dealt with everything up to `seq`."""
        async with asyncio.timeout(20):
            while (await self.bus.log.head(self.conversation)).engine_cursor < seq:
                await asyncio.sleep(0.01)

    async def due_ms(self) -> int:
        """When the turn that waits may begin, by the store's clock; 0 when none does."""
        head = ConversationKeys.of(self.conversation).head
        return int(await self.bus.calls.command("HGET", head, "b:engine") or 0)

    async def log(self) -> list[Entry]:
        return await self.bus.log.entries(self.conversation)

    async def answers(self) -> list[str]:
        return [entry.text for entry in await self.log() if entry.author.role == "ai"]


@asynccontextmanager
async def working(bus: Bus, turn: ScriptedTurn) -> AsyncGenerator[Visitor]:
    """A worker and a live tail that run, and a visitor to talk to them."""
    async with serving(Worker(bus, turn, grace_seconds=1), bus.live):
        yield Visitor(bus, await bus.log.create(Address(channel="web", chat="visitor")))


async def test_a_finished_question_is_answered_without_delay(bus: Bus) -> None:
    pike = Turnpike(window_seconds=60, cap_seconds=120)
    async with working(bus, ScriptedTurn()) as visitor:
        started = time.monotonic()
        await visitor.dealt_with(await visitor.say("Where is my order?", pike=pike))
        assert time.monotonic() - started < pike.window_seconds / 2
        assert await visitor.answers() == ["Where is my order?"]


async def test_how_long_a_customer_waited_for_the_reply_is_measured(bus: Bus) -> None:
    def measured(name: str) -> float:
        return telemetry.REGISTRY.get_sample_value(f"switchboard_reply_seconds_{name}") or 0.0

    count, total = measured("count"), measured("sum")
    async with working(bus, ScriptedTurn()) as visitor:
        await visitor.dealt_with(await visitor.say("Where is my order?"))
        async with asyncio.timeout(20):
            while measured("count") == count:
                await asyncio.sleep(0.01)
    assert 0 < measured("sum") - total < 5


async def test_five_fragments_while_the_customer_types_get_one_answer(bus: Bus) -> None:
    pike = Turnpike(window_seconds=2, cap_seconds=60)
    async with working(bus, ScriptedTurn()) as visitor:
        seq = 0
        for word in ("so", "my", "grinder", "is", "broken"):
            seq = await visitor.say(word, pike=pike, finished=False)
            await visitor.bus.log.note_typing(visitor.conversation, turnpike=pike)
            await asyncio.sleep(0.05)
        await visitor.dealt_with(seq)
        assert await visitor.answers() == ["so + my + grinder + is + broken"]


async def test_typing_cannot_delay_the_answer_beyond_the_cap(bus: Bus) -> None:
    pike = Turnpike(window_seconds=0.2, cap_seconds=0.5)
    async with working(bus, ScriptedTurn()) as visitor:
        started = time.monotonic()
        seq, dues = await visitor.say("well", pike=pike, finished=False), [0]
        async with asyncio.timeout(20):
            while (await bus.log.head(visitor.conversation)).engine_cursor < seq:
                await bus.log.note_typing(visitor.conversation, turnpike=pike)
                dues.append(await visitor.due_ms())
                await asyncio.sleep(0.02)
        assert time.monotonic() - started >= 0.45
        said = (await visitor.log())[0].at
        assert max(dues) <= said.timestamp() * 1000 + pike.cap_seconds * 1000


async def test_a_finished_message_ends_the_waiting_of_an_unfinished_one(bus: Bus) -> None:
    pike = Turnpike(window_seconds=60, cap_seconds=120)
    async with working(bus, ScriptedTurn()) as visitor:
        started = time.monotonic()
        await visitor.say("my order", pike=pike, finished=False)
        await visitor.dealt_with(await visitor.say("has not arrived.", pike=pike))
        assert time.monotonic() - started < pike.window_seconds / 2
        assert await visitor.answers() == ["my order + has not arrived."]


async def test_messages_during_a_turn_get_one_answer_that_saw_them_all(bus: Bus) -> None:
    async def write_more(_: Claim, __: DeltaSink) -> None:
        if turn.runs == 1:
            last.extend([await visitor.say(f"m{number}") for number in range(2, 6)])

    last: list[int] = []
    turn = ScriptedTurn(write_more)
    async with working(bus, turn) as visitor:
        await visitor.dealt_with(await visitor.say("m1"))
        await visitor.dealt_with(last[-1])
        assert await visitor.answers() == ["m1 + m2 + m3 + m4 + m5"]


async def test_with_the_policy_each_five_messages_get_five_answers_in_order(bus: Bus) -> None:
    async with working(bus, ScriptedTurn()) as visitor:
        seq = 0
        for number in range(5):
            seq = await visitor.say(f"m{number}", pike=EACH)
        await visitor.dealt_with(seq)
        assert await visitor.answers() == ["m0", "m1", "m2", "m3", "m4"]


async def test_a_customer_who_never_stops_writing_is_answered_all_the_same(bus: Bus) -> None:
    async def write_on(_: Claim, __: DeltaSink) -> None:
        if turn.runs <= 12:
            await visitor.say(f"more {turn.runs}")

    turn = ScriptedTurn(write_on)
    async with working(bus, turn) as visitor:
        await visitor.say("start")
        async with asyncio.timeout(20):
            while not await visitor.answers():
                await asyncio.sleep(0.01)
        assert len((await visitor.answers())[0].split(" + ")) <= 6


async def test_a_human_who_answers_during_a_turn_has_the_last_word(bus: Bus) -> None:
    async def human_comes(_: Claim, __: DeltaSink) -> None:
        if turn.runs == 1:
            await visitor.human_says("I have it.")

    turn = ScriptedTurn(human_comes)
    async with working(bus, turn) as visitor:
        await visitor.dealt_with(await visitor.say("help me please."))
        assert [e.author.role for e in await visitor.log()] == ["customer", "human_agent"]
        head = await bus.log.head(visitor.conversation)
        assert (head.owner, head.epoch) == ("human", 1)


async def test_a_long_turn_keeps_its_lease_by_a_heartbeat(bus: Bus) -> None:
    async def think(_: Claim, __: DeltaSink) -> None:
        await asyncio.sleep(bus.settings.lease_seconds * 1.6)

    turn = ScriptedTurn(think)
    async with working(bus, turn) as visitor:
        await visitor.dealt_with(await visitor.say("take your time."))
        assert turn.runs == 1
        assert await visitor.answers() == ["take your time."]


async def test_a_turn_that_lost_its_lease_is_cut_short_and_writes_nothing(bus: Bus) -> None:
    cut = asyncio.Event()

    async def be_overtaken(claim: Claim, _: DeltaSink) -> None:
        other = await bus.log.claim(
            "engine", claim.conversation, claim.wake, lease_ms=10_000, force=True
        )
        assert isinstance(other, Claim)
        assert other.token > claim.token
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut.set()
            raise
        finally:
            done = await bus.log.commit(other, TurnCommit(entries=(reply(other, "other"),)))
            assert done.outcome == "ok"

    async with working(bus, ScriptedTurn(be_overtaken)) as visitor:
        await visitor.dealt_with(await visitor.say("question?"))
        assert cut.is_set()
        assert await visitor.answers() == ["other"]


async def test_a_turn_that_always_fails_ends_in_an_apology_and_a_dead_letter(bus: Bus) -> None:
    async def fail(_: Claim, __: DeltaSink) -> None:
        raise RuntimeError("boom")

    turn = ScriptedTurn(fail)
    async with working(bus, turn) as visitor:
        await visitor.dealt_with(await visitor.say("poison."))
        assert turn.runs == bus.settings.attempts
        turn.during = None
        await visitor.dealt_with(await visitor.say("and now?"))
        assert await visitor.answers() == ["sorry", "and now?"]
        (letter,) = await bus.dead.list()
        assert (letter.after, letter.seen, letter.error) == (0, 1, "RuntimeError: boom")
        await bus.dead.replay(letter)
        async with asyncio.timeout(20):
            while len(await visitor.answers()) < 3:
                await asyncio.sleep(0.01)
        assert await bus.dead.list() == []


async def test_watchers_see_the_answer_grow_then_the_entry_the_state_and_the_turn(bus: Bus) -> None:
    async def stream(_: Claim, deltas: DeltaSink) -> None:
        await deltas.send("Hel")
        await asyncio.sleep(0.1)
        await deltas.send("lo")

    async with working(bus, ScriptedTurn(stream)) as visitor:
        await visitor.dealt_with(await visitor.say("hi."))
        async with asyncio.timeout(20):
            while not any(isinstance(event, LiveTurn) for event in visitor.events):
                await asyncio.sleep(0.01)
        kinds = [type(event) for event in visitor.events if not isinstance(event, LiveDelta)]
        assert kinds == [LiveEntry, LiveEntry, LiveState, LiveTurn]
        deltas = [event.delta for event in visitor.events if isinstance(event, LiveDelta)]
        assert [(d.part, d.text) for d in deltas] == [(0, "Hel"), (1, "lo")]
        answer = (await visitor.log())[-1]
        assert {d.id for d in deltas} == {answer.id}


@pytest.mark.parametrize("bus", [30.0], indirect=True)  # no lease runs out here
async def test_a_worker_that_is_told_to_end_gives_its_turn_to_the_next_at_once(bus: Bus) -> None:
    asked = asyncio.Event()

    async def hang(_: Claim, __: DeltaSink) -> None:
        asked.set()
        if turn.runs == 1:
            await asyncio.sleep(60)

    turn = ScriptedTurn(hang)
    stop, ready = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(Worker(bus, turn, grace_seconds=0.05).run(stop, ready))
    await ready.wait()
    visitor = Visitor(bus, await bus.log.create(Address(channel="web", chat="v")))
    seq = await visitor.say("question?")
    await asked.wait()
    stop.set()
    await first
    started = time.monotonic()
    stop, ready = asyncio.Event(), asyncio.Event()
    second = asyncio.create_task(Worker(bus, turn, grace_seconds=1).run(stop, ready))
    await visitor.dealt_with(seq)
    assert time.monotonic() - started < bus.settings.lease_seconds / 2
    assert await visitor.answers() == ["question?"]
    stop.set()
    await second
