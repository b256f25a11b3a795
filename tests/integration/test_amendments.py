"""What people change of their own messages, on a real store: carried once, or said to the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from channels.base import Capabilities, Report
from channels.delivery import Accounts, Delivery
from channels.ingress import Ingress
from core.bus.connect import Bus
from core.conversation import Turnpike
from core.engine.worker import Worker
from core.errors import (
    InputError,
    NotFound,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
)
from core.ids import ConversationId, EventId, new_event_id
from core.messages import Address, Author, ControlAction, Entry, InboundEvent, Outbound, Receipt
from tests.fakes.services import serving
from tests.fakes.waiting import until
from tests.integration.test_delivery import Parrot, say

HOME = Address(channel="board", account="bot", chat="42")
EVA = Author(role="human_agent", name="Eva")
Act = Callable[[], Exception | None]


class Board:
    """A platform that shows what was sent; `before` and `after` an act it may fail."""

    name, account = "board", "bot"
    capabilities = Capabilities(max_text=500)

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}
        self.acts: list[str] = []
        self.before: Act = lambda: None
        self.after: Act = lambda: None
        self.refuses = self.loses = False

    async def send(self, message: Outbound, report: Report) -> Receipt:
        if self.refuses:
            raise PermanentDeliveryError("blocked")
        name = f"board:bot:42:{len(self.shown) + 1}"
        self.shown[name] = message.entry.text
        if self.loses:
            self.loses = False
            raise TemporaryDeliveryError("no answer", certain=False)
        return Receipt(platform_ids=(name,))


class Slate(Board):
    """One that lets its messages be changed."""

    async def edit_sent(
        self, to: Address, platform_ids: Sequence[str], before: Entry, text: str
    ) -> None:
        self._fail(self.before, f"edit {before.text} -> {text}")
        for name in platform_ids:
            self.shown[name] = text
        self._fail(self.after)

    async def withdraw_sent(self, to: Address, platform_ids: Sequence[str]) -> None:
        self._fail(self.before, "withdraw")
        for name in platform_ids:
            self.shown.pop(name, None)
        self._fail(self.after)

    def _fail(self, fault: Act, act: str = "") -> None:
        if act:
            self.acts.append(act)
        if (error := fault()) is not None:
            raise error


def delivery(bus: Bus, board: Board) -> Delivery:
    accounts: object = Accounts([board])  # pyright: ignore[reportArgumentType]
    return Delivery(bus, accounts, deadline_seconds=5)  # pyright: ignore[reportArgumentType]


async def begin(bus: Bus, text: str) -> tuple[ConversationId, EventId]:
    """A conversation in which a person said something."""
    conversation = await bus.log.create(HOME)
    event = InboundEvent(
        id=new_event_id("desk"), conversation=conversation, address=HOME, author=EVA, text=text
    )
    await bus.log.accept(event)
    return conversation, event.id


async def amend(
    bus: Bus, conversation: ConversationId, action: ControlAction, value: str, text: str = "",
    *, author: Author = EVA,
) -> None:  # fmt: skip
    event = InboundEvent(
        id=new_event_id("desk"), conversation=conversation, kind="control", action=action,
        address=HOME, author=author, value=value, text=text,
    )  # fmt: skip
    await Ingress(bus.log, channel="desk", turnpike=Turnpike()).accept(event)


async def settled(bus: Bus, conversation: ConversationId) -> None:
    """Until delivery is done with what was said last."""
    async with asyncio.timeout(20):
        while (head := await bus.log.head(conversation)).customer_cursor < head.seq:
            await asyncio.sleep(0.01)


async def notes(bus: Bus, conversation: ConversationId) -> list[Entry]:
    return [entry for entry in await bus.log.entries(conversation) if entry.kind == "note"]


async def test_an_edit_and_a_withdrawal_reach_what_was_sent(bus: Bus) -> None:
    slate = Slate()
    async with serving(delivery(bus, slate)):
        conversation, said = await begin(bus, "It costs 70.")
        await until(lambda: list(slate.shown.values()) == ["It costs 70."])
        await amend(bus, conversation, "edit", said, "It costs 17.")
        await until(lambda: list(slate.shown.values()) == ["It costs 17."])
        await amend(bus, conversation, "delete", said)
        await until(lambda: not slate.shown)
    assert slate.acts == ["edit It costs 70. -> It costs 17.", "withdraw"]
    assert await notes(bus, conversation) == []


async def test_an_act_whose_answer_was_lost_or_that_was_asked_to_wait_is_done_again(
    bus: Bus,
) -> None:
    slate = Slate()
    faults: list[Exception | None] = [
        TemporaryDeliveryError("no answer", certain=False),
        RateLimited(retry_after_seconds=0.1),
        None,
    ]
    slate.after = lambda: faults.pop(0)
    async with serving(delivery(bus, slate)):
        conversation, said = await begin(bus, "It costs 70.")
        await amend(bus, conversation, "edit", said, "It costs 17.")
        await say(bus, conversation, "And on.", role="human_agent", at=HOME)
        await until(lambda: list(slate.shown.values()) == ["It costs 17.", "And on."])
    assert len(slate.acts) == 3
    assert await notes(bus, conversation) == []


@pytest.mark.parametrize("action", ["edit", "delete"])
async def test_where_nothing_can_be_changed_the_desk_is_told_once(
    bus: Bus, action: ControlAction
) -> None:
    board = Board()
    async with serving(delivery(bus, board)):
        conversation, said = await begin(bus, "It costs 70.")
        await until(lambda: list(board.shown.values()) == ["It costs 70."])
        await amend(bus, conversation, action, said, "It costs 17.")
        await say(bus, conversation, "And on.", role="human_agent", at=HOME)
        await until(lambda: list(board.shown.values()) == ["It costs 70.", "And on."])
    (note,) = await notes(bus, conversation)
    assert (note.reason, note.value, note.author.role) == ("edit_not_carried", said, "system")
    assert "may still see" in note.text
    assert (await bus.log.head(conversation)).owner == "human"


@pytest.mark.parametrize("make", [Board, Slate])
async def test_what_was_withdrawn_before_it_could_leave_never_leaves(
    bus: Bus, make: Callable[[], Board]
) -> None:
    board = make()
    conversation, said = await begin(bus, "It costs 70.")
    await amend(bus, conversation, "edit", said, "It costs 71.")
    await amend(bus, conversation, "delete", said)
    await say(bus, conversation, "It costs 17.", role="human_agent", at=HOME)
    async with serving(delivery(bus, board)):
        await until(lambda: list(board.shown.values()) == ["It costs 17."])
        await settled(bus, conversation)
    assert board.acts == []
    assert await notes(bus, conversation) == []


async def test_a_message_that_may_have_arrived_is_not_held_back_but_withdrawn(bus: Bus) -> None:
    slate = Slate()
    slate.loses = True
    async with serving(delivery(bus, slate)):
        conversation, said = await begin(bus, "It costs 70.")
        await until(lambda: list(slate.shown.values()) == ["It costs 70."])
        await amend(bus, conversation, "delete", said)
        await until(lambda: slate.acts == ["withdraw"])
        await settled(bus, conversation)
    assert await notes(bus, conversation) == []


async def test_what_the_platform_refuses_to_change_is_told_and_not_tried_again(bus: Bus) -> None:
    slate = Slate()
    slate.before = lambda: PermanentDeliveryError("it is too old")
    async with serving(delivery(bus, slate)):
        conversation, said = await begin(bus, "It costs 70.")
        await until(lambda: list(slate.shown.values()) == ["It costs 70."])
        await amend(bus, conversation, "delete", said)
        await say(bus, conversation, "And on.", role="human_agent", at=HOME)
        await until(lambda: list(slate.shown.values()) == ["It costs 70.", "And on."])
    (note,) = await notes(bus, conversation)
    assert "it is too old" in note.text
    assert slate.acts == ["withdraw"]


async def test_an_edit_of_what_never_arrived_is_told(bus: Bus) -> None:
    slate = Slate()
    slate.refuses = True
    async with serving(delivery(bus, slate)):
        conversation, said = await begin(bus, "It costs 70.")
        await settled(bus, conversation)
        slate.refuses = False
        await amend(bus, conversation, "edit", said, "It costs 17.")
        await say(bus, conversation, "And on.", role="human_agent", at=HOME)
        await until(lambda: list(slate.shown.values()) == ["And on."])
    (note,) = await notes(bus, conversation)
    assert note.reason == "edit_not_carried"


async def test_people_change_only_what_people_said(bus: Bus) -> None:
    slate = Slate()
    async with serving(Worker(bus, Parrot(), grace_seconds=1), delivery(bus, slate)):
        conversation = await bus.log.create(HOME)
        await say(bus, conversation, "Hello?", at=HOME)
        await until(lambda: list(slate.shown.values()) == ["Hello?"])
        asked, answer = await bus.log.entries(conversation)
        for name in (asked.id, answer.id, "board:bot:42:1", "nothing", ""):
            for action in ("edit", "delete"):
                with pytest.raises(NotFound):
                    await amend(bus, conversation, action, name, "Other words.")
        await say(bus, conversation, "It costs 70.", role="human_agent", at=HOME)
        said = (await bus.log.entries(conversation))[-1]
        with pytest.raises(InputError, match="needs words"):
            await amend(bus, conversation, "edit", said.id, " ")
    assert slate.acts == []
