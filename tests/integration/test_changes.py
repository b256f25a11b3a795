"""Edits and removals on their whole way: from an arrival to the one answer that is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from channels.arrivals import Arrivals
from channels.base import Arrival
from core.bus.connect import Bus
from core.conversation import Claim, TurnCommit, Turnpike
from core.engine.echo import EchoTurn
from core.engine.runner import DeltaSink
from core.engine.worker import Worker
from core.ids import ConversationId, EventId
from core.messages import Address, ControlAction
from core.ports import StepJournal
from tests.fakes.waiting import until

HOME = Address(channel="telegram", account="1", chat="7")


class HeldEcho(EchoTurn):
    """Says the words back, when it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.began = 0

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        self.began += 1
        commit = await super().run(claim, deltas, steps)
        await self.go.wait()
        return commit


@asynccontextmanager
async def working(bus: Bus, turn: HeldEcho) -> AsyncGenerator[Arrivals]:
    worker, stop, ready = Worker(bus, turn, grace_seconds=1), asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(worker.run(stop, ready))
    await ready.wait()
    try:
        yield Arrivals(bus.log, channel="telegram", turnpike=Turnpike(window_seconds=0))
    finally:
        turn.go.set()
        stop.set()
        await task


def said(text: str, number: int = 1) -> Arrival:
    return Arrival(id=EventId(f"telegram:1:7:{number}"), address=HOME, text=text)


def changed(action: ControlAction, text: str = "", number: int = 1) -> Arrival:
    return Arrival(
        id=EventId(f"telegram:1:7:{number}:{action}:1"), address=HOME, kind="control",
        action=action, value=f"telegram:1:7:{number}", text=text,
    )  # fmt: skip


async def conversation_of(bus: Bus) -> ConversationId:
    found = await bus.log.find(HOME)
    assert found is not None
    return found


async def settled(bus: Bus) -> list[str]:
    """The answers, once the engine has read everything."""
    conversation = await conversation_of(bus)
    async with asyncio.timeout(20):
        while (head := await bus.log.head(conversation)).engine_cursor < head.last_customer_seq:
            await asyncio.sleep(0.01)
    entries = await bus.log.entries(conversation)
    return [entry.text for entry in entries if entry.author.role == "ai"]


async def test_an_edit_during_the_turn_is_what_is_answered_once(bus: Bus) -> None:
    turn = HeldEcho()
    async with working(bus, turn) as arrivals:
        await arrivals.publish(said("Where is order 12?"))
        await until(lambda: turn.began == 1)
        await arrivals.publish(changed("edit", "Where is order 13?"))
        turn.go.set()
        assert await settled(bus) == ["Where is order 13?"]
        assert turn.began == 2


async def test_what_is_taken_back_during_the_turn_is_not_answered(bus: Bus) -> None:
    turn = HeldEcho()
    async with working(bus, turn) as arrivals:
        await arrivals.publish(said("my password is hunter2"))
        await until(lambda: turn.began == 1)
        await arrivals.publish(changed("delete"))
        turn.go.set()
        assert await settled(bus) == []


async def test_the_log_keeps_both_and_knows_which_entry_was_meant(bus: Bus) -> None:
    turn = HeldEcho()
    turn.go.set()
    async with working(bus, turn) as arrivals:
        await arrivals.publish(said("one"))
        await settled(bus)
        await arrivals.publish(changed("edit", "two"))
        await arrivals.publish(changed("edit", "three", number=99))
        await settled(bus)
    entries = await bus.log.entries(await conversation_of(bus))
    mine = [entry for entry in entries if entry.author.role == "customer"]
    assert [(entry.text, entry.action, entry.in_reply_to) for entry in mine] == [
        ("one", None, None), ("two", "edit", 1), ("three", "edit", None),
    ]  # fmt: skip
