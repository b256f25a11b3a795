"""A gateway around one channel under test: real store, real ingress and delivery, scripted engine.

Above: the parts of `channel_contract`. Below: a rig, `channels.{arrivals,service,delivery}`, the
worker. The log can be told to be away or to keep its answers; everything accepted is written down.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from channels.arrivals import Arrivals
from channels.base import ChannelAdapter, House
from channels.delivery import Accounts, Delivery
from channels.server import build_app
from channels.service import ChannelService
from core.bus.connect import Bus
from core.conversation import Accepted, Claim, TurnCommit, Turnpike
from core.engine.worker import Worker
from core.errors import BusUnavailable
from core.ids import ConversationId, EventId, new_event_id, reply_entry_id
from core.messages import (
    Address,
    Attachment,
    Author,
    Button,
    Buttons,
    ControlAction,
    EntryBody,
    InboundEvent,
)
from core.phrases import load_phrases
from core.runtime import Service
from tests.contract.channel_rig import ChannelRig, Shown
from tests.fakes import waiting
from tests.fakes.gateway import list_deps
from tests.fakes.services import serving
from tests.fakes.waiting import until

PHRASES = Path(__file__).resolve().parents[2] / "config" / "phrases"
AT_ONCE = Turnpike(policy="each")


class Intake:
    """Stands before the log's `accept`: counts, refuses, holds, writes down."""

    def __init__(self, bus: Bus) -> None:
        self._accept: Callable[..., Any] = bus.log.accept
        self.events: list[InboundEvent] = []
        self.repeats = self.refused = self.waiting = 0
        self.is_down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def accept(self, event: InboundEvent, **options: Any) -> Accepted:
        """As `RedisLog.accept`, under the faults."""
        if event.author.role != "customer":
            return await self._accept(event, **options)
        if self.is_down:
            self.refused += 1
            raise BusUnavailable("the store is away (scripted)")
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1
        accepted = await self._accept(event, **options)
        if accepted.duplicate:
            self.repeats += 1
        else:
            self.events.append(event)
        return accepted


@dataclass
class Script:
    """The engine: gives the next scripted answer to a message, else says nothing."""

    answers: deque[dict[str, Any]] = field(default_factory=deque[dict[str, Any]])
    window: int = 0

    async def run(self, claim: Claim, deltas: object, steps: object) -> TurnCommit:
        """One answer for each turn in which the customer said something."""
        asked = [e for e in claim.entries if e.author.role == "customer" and e.kind == "message"]
        if not asked or not self.answers or claim.head.owner != "ai":
            return TurnCommit()
        entry = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen),
            author=Author(role="ai", specialist="general"), in_reply_to=asked[-1].seq,
            **self.answers.popleft(),
        )  # fmt: skip
        return TurnCommit(entries=(entry,))

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """Nothing here fails so often."""
        raise error


class Cupboard:
    """What the house gives an adapter: files that are here, links to them, sentences."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        phrases = load_phrases(PHRASES, default="en")
        self.house = House(
            phrases=phrases, open_file=self.open_file, put_file=self.put_file, link=self.link,
            secret="a-secret-of-this-house",
        )  # fmt: skip

    async def open_file(self, attachment: Attachment) -> bytes:
        """See `channels.base.House`."""
        return self.files[attachment.id or ""]

    async def put_file(
        self, data: bytes, *, name: str, media_type: str = "", key: str | None = None
    ) -> Attachment:
        """See `channels.base.House`."""
        number = f"file_{key or len(self.files)}"
        self.files[number] = data
        kind = media_type or "application/octet-stream"
        return Attachment(name=name, media_type=kind, size=len(data), id=number)

    def link(self, attachment: Attachment) -> str | None:
        """See `channels.base.House`."""
        return f"https://files.shop.example/{attachment.id}"


class Scene:
    """The gateway and the rig, as the tests use them."""

    def __init__(self, bus: Bus, rig: ChannelRig) -> None:
        self.bus = bus
        self.rig = rig
        self.cupboard = Cupboard()
        self.intake = Intake(bus)
        self.script = Script()
        self.adapter: ChannelAdapter | None = None
        self.never = asyncio.Event()
        object.__setattr__(bus.log, "accept", self.intake.accept)

    @property
    def events(self) -> list[InboundEvent]:
        """All that was accepted from customers, in the order of the log's answers."""
        return self.intake.events

    @property
    def texts(self) -> list[str]:
        """The words of the messages among them."""
        return [event.text for event in self.events if event.kind == "message"]

    async def hears(self, who: str, text: str, **options: Any) -> InboundEvent:
        """The customer says something, and it is in the log."""
        count = len(self.events)
        await self.rig.says(who, text, **options)
        await self.events_are(count + 1)
        return self.events[count]

    async def events_are(self, count: int) -> None:
        """Wait until so many were accepted, and no more come at once."""
        await until(lambda: len(self.events) >= count)
        assert len(self.events) == count, self.events

    async def asks(self, who: str, *, answer: str = "", choices: Sequence[str] = (),
                   files: Sequence[Attachment] = ()) -> InboundEvent:  # fmt: skip
        """The customer asks and the engine answers this; does not wait for its arrival."""
        await self.thought_out()
        row = Buttons(buttons=tuple(Button(label=c, value=f"v:{c}") for c in choices))
        self.script.answers.append(
            {"text": answer, "parts": (row,) if choices else (), "attachments": tuple(files)}
        )
        return await self.hears(who, "A question?")

    async def thought_out(self) -> None:
        """No turn runs that could take the next answer, and lose it to a newer message."""
        async with asyncio.timeout(waiting.PATIENCE_SECONDS):
            for conversation in {event.conversation for event in self.events}:
                head = await self.bus.log.head(conversation)
                while head.engine_cursor < head.last_customer_seq:
                    await asyncio.sleep(0.01)
                    head = await self.bus.log.head(conversation)

    async def shows(self, who: str, count: int) -> list[Shown]:
        """Wait until the customer sees so many messages of ours; gives them."""
        await until(lambda: len(self.rig.got(who)) >= count)
        assert len(self.rig.got(who)) == count, self.rig.got(who)
        return self.rig.got(who)

    async def writes(self, to: InboundEvent, *texts: str) -> list[EventId]:
        """A person of the company writes into the conversation of this event."""
        return [await self._act(to, text=text) for text in texts]

    async def amends(
        self, to: InboundEvent, action: ControlAction, message: EventId, text: str = ""
    ) -> None:
        """They change a message of theirs."""
        await self._act(to, kind="control", action=action, value=message, text=text)

    async def _act(self, to: InboundEvent, **fields: Any) -> EventId:
        event = InboundEvent(
            id=new_event_id("desk"), conversation=to.conversation,
            address=Address(channel="desk", chat="desk"),
            author=Author(role="human_agent", name="Eva"), **fields,
        )  # fmt: skip
        await self.bus.log.accept(event)
        return event.id

    async def notes(self, to: InboundEvent) -> list[str | None]:
        """Why the desk was told something."""
        entries = await self.bus.log.entries(to.conversation)
        return [entry.reason for entry in entries if entry.kind == "note"]

    async def is_delivered(self, conversation: ConversationId) -> bool:
        """True when the engine is done with all that the customer said, and delivery with all that
        was said to them; the customers of a pull channel deliver to themselves."""
        head = await self.bus.log.head(conversation)
        if head.engine_cursor < head.last_customer_seq or self.rig.capabilities.pull:
            return head.engine_cursor >= head.last_customer_seq
        entries = await self.bus.log.entries(conversation)
        ours = [entry.seq for entry in entries if entry.author.role != "customer"]
        return head.customer_cursor >= max(ours, default=0)

    async def settled(self, conversation: ConversationId) -> None:
        """Wait for that."""
        async with asyncio.timeout(waiting.PATIENCE_SECONDS):
            while not await self.is_delivered(conversation):
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """A whole process: doors, both halves of the channel, a worker. It ends when all that the
        channel had begun has ended."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_none_left, asyncio.all_tasks())
            services: list[Service] = [Worker(self.bus, self.script, grace_seconds=1)]
            if self.rig.capabilities.pull:
                await stack.enter_async_context(self._pull_doors())
                services.append(self.bus.live)
            else:
                services += await self._push(stack)
            await stack.enter_async_context(serving(*services))
            yield

    async def _push(self, stack: AsyncExitStack) -> list[Service]:
        arrivals = Arrivals(self.bus.log, channel=self.rig.channel, turnpike=AT_ONCE)
        self.adapter = adapter = self.rig.make_adapter(self.cupboard.house)
        stack.push_async_callback(adapter.close)
        doors: list[Any] = [adapter] if hasattr(adapter, "add_routes") else []
        app = build_app(
            replace(list_deps(self.bus), doors=[(door, arrivals.publish) for door in doors])
        )
        self.rig.opened_at(await stack.enter_async_context(_listening(app)))
        deadline = float(getattr(adapter, "deadline_seconds", 20.0))
        delivery = Delivery(self.bus, Accounts([adapter]), deadline_seconds=deadline,
                            grace_seconds=1)  # fmt: skip
        return [ChannelService(adapter, arrivals), delivery]

    @asynccontextmanager
    async def _pull_doors(self) -> AsyncGenerator[None]:
        async with _listening(build_app(list_deps(self.bus))) as url:
            self.rig.opened_at(url)
            yield


async def _none_left(before: set[asyncio.Task[Any]]) -> None:
    """Wait for tasks of channels that are newer than these; who is closed may still end something,
    such as a child that was reading a mail."""
    await until(lambda: not any(map(_is_of_a_channel, asyncio.all_tasks() - before)), seconds=10)


def _is_of_a_channel(task: asyncio.Task[Any]) -> bool:
    code: Any = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/channels/" in code.co_filename


@asynccontextmanager
async def _listening(app: web.Application) -> AsyncGenerator[str]:
    """The application on a free port."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        await web.SockSite(runner, line).start()
        try:
            yield f"http://127.0.0.1:{line.getsockname()[1]}"
        finally:
            with suppress(asyncio.CancelledError):
                await runner.cleanup()
