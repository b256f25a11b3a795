"""Delivery to a channel that must be told, on a real store: once, in order, and never too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from channels.base import Report
from channels.delivery import Delivery
from core.bus.connect import Bus
from core.conversation import Claim, TurnCommit
from core.engine.worker import Worker
from core.errors import PermanentDeliveryError, RateLimited, TemporaryDeliveryError
from core.ids import ConversationId, new_event_id, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent, Outbound, Receipt
from tests.fakes.services import serving
from tests.fakes.waiting import until

HOME = Address(channel="pager", account="bot", chat="42")
Fault = Callable[[Outbound], Exception | None]


class Pager:
    """A push channel whose platform takes a message and may still fail."""

    name = "pager"

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.tries: list[Outbound] = []
        self.before: Fault = lambda _: None
        self.after: Fault = lambda _: None
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, message: Outbound, report: Report) -> Receipt:
        self.tries.append(message)
        await self.gate.wait()
        if (error := self.before(message)) is not None:
            raise error
        self.arrived.append(message.entry.text)
        if (error := self.after(message)) is not None:
            raise error
        return Receipt(platform_ids=(str(len(self.arrived)),))


class Parrot:
    """A turn that repeats what the customer said, while the AI owns the conversation."""

    window = 0

    async def run(self, claim: Claim, deltas: object, steps: object) -> TurnCommit:
        if claim.head.owner != "ai":
            return TurnCommit()
        text = " + ".join(e.text for e in claim.entries if e.author.role == "customer")
        entry = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen), author=Author(role="ai"), text=text
        )
        return TurnCommit(entries=(entry,))

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        raise error


async def say(
    bus: Bus, conversation: ConversationId, text: str, *, role: str = "customer",
    at: Address = HOME,
) -> None:  # fmt: skip
    author = Author.model_validate({"role": role, "name": role})
    await bus.log.accept(
        InboundEvent(
            id=new_event_id("pager"), conversation=conversation, address=at, author=author,
            text=text,
        )
    )  # fmt: skip


async def test_answers_and_words_of_humans_arrive_once_and_in_order(bus: Bus) -> None:
    pager = Pager()
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        conversation = await bus.log.create(HOME)
        await say(bus, conversation, "one.")
        await until(lambda: pager.arrived == ["one."])
        await say(bus, conversation, "two", role="human_agent")
        await say(bus, conversation, "three", role="human_agent")
        await until(lambda: len(pager.arrived) == 3)
        await say(bus, conversation, "nobody answers this but a human.")
        await say(bus, conversation, "four", role="human_agent")
        await until(lambda: len(pager.arrived) == 4)
    assert pager.arrived == ["one.", "two", "three", "four"]
    assert len(pager.tries) == 4


async def test_a_rate_limit_delays_only_this_conversation_and_drops_nothing(bus: Bus) -> None:
    pager = Pager()
    pager.before = lambda m: (
        RateLimited(retry_after_seconds=0.3)
        if m.entry.text == "a." and "b." not in pager.arrived
        else None
    )
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        await say(bus, await bus.log.create(HOME), "a.")
        await until(lambda: len(pager.tries) == 1)
        other = await bus.log.create(HOME.model_copy(update={"chat": "43"}))
        await say(bus, other, "b.")
        await until(lambda: len(pager.arrived) == 2)
    assert pager.arrived == ["b.", "a."]


async def test_a_failure_that_certainly_did_not_arrive_is_tried_again_as_sure(bus: Bus) -> None:
    pager = Pager()
    pager.before = lambda m: TemporaryDeliveryError("503") if m.attempt == 1 else None
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        await say(bus, await bus.log.create(HOME), "hello.")
        await until(lambda: pager.arrived == ["hello."])
    assert [(m.attempt, m.unsure) for m in pager.tries] == [(1, False), (2, False)]


async def test_an_attempt_that_may_have_arrived_is_marked_unsure_when_repeated(bus: Bus) -> None:
    pager = Pager()
    pager.after = lambda m: (
        TemporaryDeliveryError("connection lost", certain=False) if m.attempt == 1 else None
    )
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        await say(bus, await bus.log.create(HOME), "hello.")
        await until(lambda: len(pager.tries) == 2)
    assert [(m.attempt, m.unsure) for m in pager.tries] == [(1, False), (2, True)]


async def test_a_message_that_can_never_arrive_is_a_dead_letter_and_the_next_goes_on(
    bus: Bus,
) -> None:
    pager = Pager()
    pager.before = lambda m: PermanentDeliveryError("blocked") if m.entry.text == "a." else None
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        conversation = await bus.log.create(HOME)
        await say(bus, conversation, "a.")
        await until(lambda: len(pager.tries) == 1)
        await say(bus, conversation, "b.")
        await until(lambda: pager.arrived == ["b."])
    (letter,) = await bus.dead.list()
    assert (letter.stream, letter.error) == ("deliver:pager", "blocked")


async def test_an_answer_of_the_ai_that_a_human_overtook_is_withheld(bus: Bus) -> None:
    pager = Pager()
    conversation = await bus.log.create(HOME)
    async with serving(Worker(bus, Parrot(), grace_seconds=1)):
        await say(bus, conversation, "question?")
        async with asyncio.timeout(20):
            while (await bus.log.head(conversation)).engine_cursor < 2:
                await asyncio.sleep(0.01)
    await say(bus, conversation, "I am a human.", role="human_agent")
    async with serving(Delivery(bus, pager)):
        await until(lambda: pager.arrived == ["I am a human."])
    assert len(pager.tries) == 1


async def test_what_a_dead_process_left_is_delivered_by_the_next(bus: Bus) -> None:
    pager = Pager()
    pager.gate.clear()
    conversation = await bus.log.create(HOME)
    async with serving(Worker(bus, Parrot(), grace_seconds=1)):
        await say(bus, conversation, "question?")
        stop, ready = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(Delivery(bus, pager, grace_seconds=60).run(stop, ready))
        await until(lambda: len(pager.tries) == 1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        pager.gate.set()
        async with serving(Delivery(bus, pager)):
            await until(lambda: pager.arrived == ["question?"])
    assert [(m.attempt, m.unsure) for m in pager.tries] == [(1, False), (2, True)]


async def test_a_message_of_several_pieces_goes_on_behind_the_last_that_arrived(bus: Bus) -> None:
    class Splitter(Pager):
        async def send(self, message: Outbound, report: Report) -> Receipt:
            self.tries.append(message)
            ids = list(message.sent_ids)
            for piece in message.entry.text.split(" ")[len(ids) :]:
                if piece == "two" and len(self.tries) == 1:
                    raise TemporaryDeliveryError("cut", certain=False)
                self.arrived.append(piece)
                ids.append(f"pager:{len(self.arrived)}")
                await report(ids)
            return Receipt(platform_ids=tuple(ids))

    pager = Splitter()
    async with serving(Worker(bus, Parrot(), grace_seconds=1), Delivery(bus, pager)):
        conversation = await bus.log.create(HOME)
        await say(bus, conversation, "one two three")
        await until(lambda: pager.arrived == ["one", "two", "three"])
    assert [(t.unsure, t.sent_ids) for t in pager.tries] == [(False, ()), (True, ("pager:1",))]
    assert await bus.log.seq_of(conversation, "pager:3") == 2
    assert await bus.log.seq_of(conversation, "pager:9") is None


async def test_answers_go_where_the_customer_last_wrote(bus: Bus) -> None:
    pager, fax = Pager(), Pager()
    fax.name = "fax"
    away = Address(channel="fax", account="line", chat="7")
    web = Address(channel="web", account="site", chat="v")
    deliveries = (Delivery(bus, pager), Delivery(bus, fax))
    async with serving(Worker(bus, Parrot(), grace_seconds=1), *deliveries):
        conversation = await bus.log.create(web)
        await say(bus, conversation, "on the site.", at=web)
        await until_seq(bus, conversation, 2)
        await say(bus, conversation, "by pager.")
        await until(lambda: len(pager.arrived) == 1)
        await say(bus, conversation, "by fax.", at=away)
        await until(lambda: len(fax.arrived) == 1)
        await say(bus, conversation, "a human", role="human_agent")
        await until(lambda: len(fax.arrived) == 2)
    assert (pager.arrived, fax.arrived) == (["by pager."], ["by fax.", "a human"])


async def until_seq(bus: Bus, conversation: ConversationId, seq: int) -> None:
    async with asyncio.timeout(20):
        while (await bus.log.head(conversation)).seq < seq:
            await asyncio.sleep(0.01)
