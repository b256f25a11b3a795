"""Cases in a real log, and the service that shows them in an emulated Slack.

Above: tests of the desk's threads. Below: `tests.contract.log_talk`, `tests.fakes.slack`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from channels.base import BARE_HOUSE, House
from channels.slack.api import SlackApi
from channels.slack.desk.asking import Approvals
from channels.slack.desk.ids import read_mark
from channels.slack.desk.routes import Routes
from channels.slack.desk.threads import DeskOptions, DeskThreads
from core.bus.connect import Bus
from core.conversation import Accepted, HeadChange
from core.escalation.case import Case, Source, Suggestion, Tried
from core.escalation.rules import EscalationRules
from core.ids import EventId
from core.messages import Address, Author, ControlAction, InboundEvent
from core.runtime import Backoff
from tests.contract.log_rig import RedisRig
from tests.contract.log_talk import Talk, turn
from tests.fakes.slack.server import BOT_TOKEN, SlackServer
from tests.fakes.slack.workspace import Channel

DESK, SECOND = "C0DESK001", "C0SECOND1"
TEAM = "T0TEAM001"
MIRA = Author(role="human_agent", name="Mira", id=f"slack:{TEAM}:U0MIRA001")
CUSTOMER = Author(role="customer", name="Anna")
QUICK = DeskOptions(
    account=TEAM, per_second=1000.0, backoff=Backoff(first=0.01, top=0.05), card_seconds=0.01,
    mend_seconds=0.05, grace_seconds=1.0,
)  # fmt: skip


def make_case(conversation: str, **fields: Any) -> Case:
    """A hand-over with something in every field."""
    return Case.model_validate(
        {
            "conversation": conversation, "seq": 1, "opened_at": datetime.now(UTC),
            "reason": "request", "rule": "phrase", "span": "Let me talk to a person.",
            "summary": "A parcel that never came.", "language": "en", "specialist": "general",
            "priority": "high", "level": 1, "channel": "web", "sentiment": "angry",
            "trend": "worse", "tried": (Tried(what="search: parcel", result="Lost parcels"),),
            "facts": ("tier: gold", "order: A-1"), "promises": ("a call on Monday",),
            "suggestion": Suggestion(
                text="Parcels are traced in a day.", score=0.62,
                sources=(Source(document="d1", title="Lost parcels"),),
            ),
            **fields,
        }
    )  # fmt: skip


class DeskRig:
    """One desk; `cases` are its conversations."""

    def __init__(self, bus: Bus, slack: SlackServer) -> None:
        self.bus = bus
        self.slack = slack
        self.channel = slack.space.add_channel(DESK)
        self.second = slack.space.add_channel(SECOND)
        self.routes = Routes(default=DESK, fallback=())
        self.house: House = BARE_HOUSE
        self.rules = EscalationRules()
        self.approvals: Approvals | None = None
        self.options = QUICK
        self._log = RedisRig(bus, _nothing, _nothing, _never)
        self._log.follow()
        self._apis: list[SlackApi] = []
        self._count = 0

    def service(self, **options: Any) -> DeskThreads:
        """A new instance, as after a restart."""
        api = SlackApi(SecretStr(BOT_TOKEN), url=self.slack.url)
        self._apis.append(api)
        chosen = replace(self.options, **options)
        return DeskThreads(
            self.bus, api, self.routes, house=self.house, rules=self.rules,
            approvals=self.approvals, options=chosen,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncGenerator[DeskThreads]:
        """The service at work."""
        service, stop, ready = self.service(**options), asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(service.run(stop, ready))
        try:
            async with asyncio.timeout(20):
                await ready.wait()
            yield service
        finally:
            stop.set()
            await asyncio.wait([task], timeout=5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """Let go of connections."""
        for api in self._apis:
            await api.close()

    async def escalate(self, said: str = "Let me talk to a person.", **case: Any) -> Talk:
        """A talk that the engine hands over, with the case in its receipt."""
        talk = await Talk.begin(self._log)
        await self.says(talk, said)
        claim = await talk.claim()
        receipt = {"case": make_case(talk.conversation, **case).model_dump(mode="json")}
        commit = turn(claim, "One moment.", head=HeadChange(owner="human", language="en"))
        done = await talk.log.commit(claim, commit.model_copy(update={"receipt": receipt}))
        assert done.outcome == "ok"
        return talk

    async def says(self, talk: Talk, text: str, author: Author = CUSTOMER, **more: Any) -> Accepted:
        """Somebody writes."""
        self._count += 1
        fields: dict[str, Any] = {
            "id": EventId(f"test:{self._count}"), "conversation": talk.conversation,
            "address": Address(channel="web", chat=talk.conversation), "author": author,
            "text": text, **more,
        }  # fmt: skip
        return await self.bus.log.accept(InboundEvent(**fields))

    async def acts(
        self, talk: Talk, action: ControlAction, author: Author = MIRA, **more: Any
    ) -> Accepted:
        """Somebody acts."""
        return await self.says(talk, "", author, kind="control", action=action, **more)

    async def shown(self, talk: Talk) -> bool:
        """True if everything of the case was dealt with."""
        raw = await self.bus.calls.command("HMGET", _head(talk), "c:desk", "seq")
        return int(raw[0] or 0) == int(raw[1])

    async def settled(self, *talks: Talk, seconds: float = 20.0) -> None:
        """Wait until nothing is left to show."""
        async with asyncio.timeout(seconds):
            for talk in talks:
                while not await self.shown(talk):
                    await asyncio.sleep(0.005)

    def roots(self, channel: Channel | None = None) -> list[dict[str, Any]]:
        """The threads, oldest first."""
        posted = self.slack.posted(channel or self.channel)
        return [one for one in posted if "thread_ts" not in one]

    def thread(self, talk: Talk, channel: Channel | None = None) -> list[dict[str, Any]]:
        """Our messages in the newest thread of this case, without its root."""
        where = channel or self.channel
        roots = [one["ts"] for one in self.roots(where) if _of(one) == talk.conversation]
        posted = self.slack.posted(where)
        return [one for one in posted if roots and one.get("thread_ts") == roots[-1]]

    def words(self, talk: Talk, channel: Channel | None = None) -> list[str]:
        """What these messages say first."""
        return [read(one) for one in self.thread(talk, channel)]


def read(message: dict[str, Any]) -> str:
    """All words of a message as Slack shows them, unescaped."""
    found = "\n".join(_texts(message.get("blocks") or [])) or message.get("text", "")
    return found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def raw(message: dict[str, Any]) -> str:
    """All words of a message as they were sent."""
    return "\n".join([message.get("text", ""), *_texts(message.get("blocks") or [])])


def buttons(message: dict[str, Any]) -> list[str]:
    """The action ids under a message."""
    rows = [one["elements"] for one in message.get("blocks", ()) if one["type"] == "actions"]
    return [button["action_id"] for row in rows for button in row]


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        if isinstance(part.get("text"), str):
            return [part["text"]]
        return [text for key, value in part.items() if key != "accessory" for text in _texts(value)]
    return [text for one in part for text in _texts(one)] if isinstance(part, list) else []


def _of(message: dict[str, Any]) -> str | None:
    mark = read_mark(message)
    return mark[0] if mark else None


def _head(talk: Talk) -> str:
    from core.bus.keys import ConversationKeys

    return ConversationKeys.of(talk.conversation).head


def _nothing() -> None:
    return None


async def _never() -> None:
    return None


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    """An empty workspace."""
    async with SlackServer() as server:
        yield server


@pytest.fixture
async def rig(bus: Bus, slack: SlackServer) -> AsyncGenerator[DeskRig]:
    """A desk in it, on the module's bus."""
    made = DeskRig(bus, slack)
    yield made
    await made.close()
