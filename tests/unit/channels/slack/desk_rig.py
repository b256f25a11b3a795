"""A desk at work: an emulated Slack, the adapter with its desk, and a real log behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.base import House
from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from channels.slack.adapter import SlackAdapter
from channels.slack.desk import ids
from channels.slack.desk.anchor import Anchor
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import actions, button
from core.approvals.records import Approval
from core.bus.connect import Bus
from core.bus.duty import DutyList
from core.bus.keys import ConversationKeys
from core.conversation import Accepted, Claim, Turnpike
from core.files.library import Files
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.ids import ConversationId, EventId
from core.messages import Address, Attachment, Author, Entry, InboundEvent
from tests.fakes.slack.server import Door, SlackServer
from tests.fakes.slack.telling import Told
from tests.fakes.slack.workspace import Channel
from tests.fakes.waiting import until
from tests.unit.channels.slack.conftest import Rig, Store, make_settings

DESK, ANN, BEN = "C0DESK001", "U0ANN0001", "U0BEN0001"
CUSTOMER = Address(channel="rest", chat="somebody")
_PIKE = Turnpike()
SECRET_PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


class Approvals:
    """Decides what it holds."""

    def __init__(self) -> None:
        self.held: dict[str, Approval] = {}
        self.decided: list[tuple[str, str, str, str | None]] = []

    async def find(self, identifier: str) -> Approval | None:
        return self.held.get(identifier)

    async def decide(
        self, identifier: str, decision: Any, *, by: str, comment: str | None = None
    ) -> Approval:
        self.decided.append((identifier, decision, by, comment))
        found = self.held[identifier]
        done = found.model_copy(update={"status": "settled", "decided_by": by})
        self.held[identifier] = done
        return done


class Queue:
    """The archive's lists, filled by hand."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def list(
        self, *, waiting: bool | None = None, holder: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        kept = [row for row in self.rows if holder in {None, row.get("holder", holder)}]
        return kept[:limit]

    async def find(self, words: str, limit: int) -> list[dict[str, Any]]:
        return [row for row in self.rows if words in row.get("said", "")][:limit]


class DeskRig:
    """One desk."""

    def __init__(self, slack: SlackServer, bus: Bus, folder: Path, **settings: Any) -> None:
        self.slack = slack
        self.bus = bus
        self.log = bus.log
        self.channel = slack.space.channels.get(DESK) or slack.space.add_channel(DESK)
        self.slack.desk.people.members[DESK] = {ANN, BEN}
        self.people = slack.desk.people
        self.people.add(ANN, name="Ann Novak", display="Ann")
        self.people.add(BEN, name="Ben Kraus")
        self.customers = Store()
        self.approvals, self.queue = Approvals(), Queue()
        self.saved: list[Any] = []
        self.files = Files(FolderStore(folder), FileSettings.model_validate({}))
        self.adapter = SlackAdapter(
            make_settings(slack, desk_channel=DESK, **settings), House(put_file=self.files.put)
        )
        self.files.fetch_with(self._fetch)
        self.duty = DutyList(bus.calls)
        self.backing = Backing(
            log=bus.log,
            acts=DeskActs(bus.log, Ingress(bus.log, channel="desk", turnpike=_PIKE)),
            channels=frozenset({DESK}), files=self.files, queue=self.queue, find=self.queue.find,
            figures=self._figures, duty=self.duty, approvals=self.approvals,
            put_forward=self._put_forward,
        )  # fmt: skip

    async def _fetch(
        self, channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        return await self.adapter.fetch(attachment, most_bytes=most_bytes)

    async def _figures(self) -> dict[str, str]:
        return {"Waiting": "2", "First reply": "1 min"}

    async def _put_forward(self, head: Any, article: Any, author: Author) -> str:
        self.saved.append((head.id, article, author))
        return "entry-of-the-answer"

    @asynccontextmanager
    async def open(self, *doors: Door, **backing: Any) -> AsyncGenerator[DeskRig]:
        """The doors open (HTTP if none is named), the desk behind them."""
        self.adapter.open_desk(replace(self.backing, **backing))
        rig = Rig(self.slack, self.adapter)
        rig.store = self.customers
        self.slack.doors = doors or ("http",)
        async with AsyncExitStack() as stack:
            if "http" in self.slack.doors:
                await stack.enter_async_context(rig.serving())
            if "socket" in self.slack.doors:
                await stack.enter_async_context(rig.receiving())
            stack.push_async_callback(self.adapter.close)
            yield self

    # ---- cases ---------------------------------------------------------------------------------

    async def case(self, text: str = "Where is my parcel?") -> Desk:
        """A conversation of a customer, handed to people, with its thread in Slack."""
        conversation = await self.log.create(Address(channel="rest", chat=""))
        await self.say(conversation, text)
        await self.act(conversation, "escalate")
        return await self.thread(conversation)

    async def thread(self, conversation: ConversationId, channel: Channel | None = None) -> Desk:
        """The thread of its case, as the other half of the desk makes it."""
        place = channel or self.channel
        head = await self.log.head(conversation)
        value = ids.button_value(conversation, case=head.case)
        names = (
            ids.TAKE, ids.RELEASE, ids.ASSIGN, ids.SNOOZE, ids.PRIORITY, ids.TRANSLATE,
            ids.RESOLVE, ids.SAVE, ids.NOTES,
        )  # fmt: skip
        row = actions("desk", [button(name, name, value) for name in names])
        card = self.slack.space.add_bot_message(
            place, text="A case", blocks=[row],
            metadata=ids.metadata(conversation, ids.root_mark(conversation, head.case)),
        )  # fmt: skip
        await self.log.rebind(ids.thread_address("T0TEAM001", place.id, card["ts"]), conversation)
        return Desk(self, conversation, place, card)

    async def anchor(self, desk: Desk) -> None:
        """The log knows where the case is shown."""
        claim = await self.claim("desk", desk.conversation)
        kept = Anchor(case=1, account="T0TEAM001", chat=desk.channel.id, ts=desk.ts, bound=True)
        assert await self.log.anchor(claim, kept.dump())
        await self.log.finish(claim)

    async def claim(self, reader: str, conversation: ConversationId) -> Claim:
        """The lease of a reader, as its service would have it."""
        head = ConversationKeys.of(conversation).head
        wake = (await self.bus.calls.command("HGET", head, f"w:{reader}") or b"0-1").decode()
        claim = await self.log.claim(reader, conversation, wake, lease_ms=1000, force=True)
        assert isinstance(claim, Claim)
        return claim

    async def say(self, conversation: ConversationId, text: str, **more: Any) -> Accepted:
        """The customer writes."""
        number = len(await self.log.entries(conversation))
        return await self.log.accept(
            InboundEvent(
                id=EventId(f"c:{conversation}:{number}"), conversation=conversation,
                address=Address(channel="rest", chat=conversation), text=text,
                author=Author(role="customer"), **more,
            )
        )  # fmt: skip

    async def act(self, conversation: ConversationId, action: Any, **more: Any) -> Accepted:
        """Somebody elsewhere acts: the console, the house."""
        author = more.pop("author", Author(role="human_agent", name="Cleo", id="token:cleo"))
        number = len(await self.log.entries(conversation))
        kind = more.pop("kind", "control")
        return await self.log.accept(
            InboundEvent(
                id=EventId(f"a:{conversation}:{number}"), conversation=conversation, kind=kind,
                address=Address(channel="rest", chat=conversation), action=action, author=author,
                **more,
            )
        )  # fmt: skip

    async def settled(self) -> None:
        """Everything that was told is acknowledged, and what came of it is done."""
        await until(lambda: not self.slack.unanswered())
        desk: Any = self.adapter
        await until(lambda: not desk._desk._teller._pool._tasks)

    def whispers(self, user: str = ANN) -> list[str]:
        return [one["text"] for one in self.slack.desk.whispers if one["user"] == user]

    def calls(self, method: str) -> int:
        return sum(1 for name, _ in self.slack.calls if name == method)


class Desk:
    """One case in Slack, and people in its thread."""

    def __init__(
        self, rig: DeskRig, conversation: ConversationId, channel: Channel, card: dict[str, Any]
    ) -> None:
        self.rig = rig
        self.conversation = conversation
        self.channel = channel
        self.card = card
        self.ts = card["ts"]

    async def write(self, text: str, *, user: str = ANN, **more: Any) -> dict[str, Any]:
        """A line in the thread, dealt with."""
        message = self.rig.slack.say(self.channel, text, user=user, thread=self.ts, **more)
        await self.rig.settled()
        return message

    async def press(self, action: str, *, user: str = ANN, **more: Any) -> Told:
        """A button of the card."""
        return await self.press_on(self.card, action, user=user, **more)

    async def press_on(
        self, message: dict[str, Any], action: str, *, user: str = ANN, **more: Any
    ) -> Told:
        told = self.rig.slack.work.press(self.channel, message, action, user=user, **more)
        await self.rig.settled()
        return told

    async def press_whisper(self, action: str, *, user: str = ANN) -> Told:
        """The button of the newest whisper to somebody."""
        shown = [one for one in self.rig.slack.desk.whispers if one["user"] == user][-1]
        return await self.press_on(shown, action, user=user)

    async def submit(self, *, user: str = ANN, **typed: str) -> Told:
        """Send the newest modal."""
        told = self.rig.slack.work.submit(self.rig.slack.desk.views.open[-1], user=user, **typed)
        await self.rig.settled()
        return told

    def post(self, action: str, **value: Any) -> dict[str, Any]:
        """A message of ours in the thread with one button."""
        row = actions(
            "desk", [button(action, action, ids.button_value(self.conversation, **value))]
        )
        return self.rig.slack.space.add_bot_message(
            self.channel, text="A line", blocks=[row], thread_ts=self.ts
        )

    async def entries(self, *kinds: str) -> list[Entry]:
        found = await self.rig.log.entries(self.conversation)
        return [one for one in found if not kinds or one.kind in kinds]

    async def said(self) -> list[str]:
        """What people said to the customer."""
        return [one.text for one in await self.entries("message") if one.author.role != "customer"]

    async def notes(self) -> list[str]:
        return [one.text for one in await self.entries("note")]

    async def acts(self) -> list[tuple[str | None, str | None, str]]:
        """The acts of people behind the hand-over, with their value and who did them."""
        found = await self.entries("control")
        return [(one.action, one.value, one.author.name) for one in found[1:]]


def now() -> datetime:
    return datetime.now(UTC)


def modal(slack: SlackServer) -> dict[str, Any]:
    """The window that was opened last."""
    return slack.desk.views.open[-1]
