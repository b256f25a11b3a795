"""An adapter beside an emulated Slack, and what it published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from channels.base import BARE_HOUSE, Arrival, House
from channels.problems import explain, refuse
from channels.slack.adapter import SlackAdapter
from channels.slack.settings import SlackSettings
from core.conversation import Accepted
from core.errors import BusUnavailable
from core.ids import ConversationId, EntryId
from core.messages import Address, Author, Entry, EntryBody, Outbound, Receipt
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SECRET, SlackServer
from tests.fakes.slack.workspace import Channel

NOW = datetime.now(UTC)


class Store:
    """Takes arrivals, each id once; told to, it is down or slow."""

    def __init__(self) -> None:
        self.arrived: dict[str, Arrival] = {}
        self.published = 0
        self.refuse = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, arrival: Arrival) -> Accepted:
        self.published += 1
        await self.gate.wait()
        if self.refuse > 0:
            self.refuse -= 1
            raise BusUnavailable("the store is down")
        known = arrival.id in self.arrived
        self.arrived.setdefault(arrival.id, arrival)
        return Accepted(seq=list(self.arrived).index(arrival.id) + 1, duplicate=known)

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.arrived.values()]

    @property
    def all(self) -> list[Arrival]:
        return list(self.arrived.values())


class Rig:
    """One adapter at work."""

    def __init__(self, slack: SlackServer, adapter: SlackAdapter) -> None:
        self.slack = slack
        self.adapter = adapter
        self.store = Store()
        self.reports: list[list[str]] = []

    async def _report(self, ids: Sequence[str]) -> None:
        self.reports.append(list(ids))

    async def send(self, to: Address, text: str = "", **more: Any) -> Receipt:
        return await self.adapter.send(outbound(to, text, **more), self._report)

    @asynccontextmanager
    async def receiving(self) -> AsyncGenerator[None]:
        ready = asyncio.Event()
        task = asyncio.create_task(self.adapter.run(self.store.publish, ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiting], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert ready.is_set(), task
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        app = web.Application(middlewares=[_faults], client_max_size=1_048_576)
        self.adapter.add_routes(app, self.store.publish)
        runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.slack.http.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield self.slack.http.url
        finally:
            await runner.cleanup()

    async def deliver(
        self, body: bytes, *, headers: dict[str, str] | None = None, signed: bool = True,
        content_type: str = "application/json",
    ) -> tuple[int, str]:  # fmt: skip
        """One signed request; its status and text."""
        sent = (self.slack.http.sign(body) if signed else {}) | {"Content-Type": content_type}
        sent |= headers or {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.slack.http.url, data=BytesIO(body), headers=sent) as answer,
        ):
            return answer.status, await answer.text()


@web.middleware
async def _faults(request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
    """What `channels.server` makes of errors."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refuse(error, "t")
    except Exception as error:  # noqa: BLE001 -- as the server does
        return explain(error, request.path, "t")


def outbound(to: Address, text: str, **more: Any) -> Outbound:
    """What delivery would hand over."""
    rest = {name: more.pop(name) for name in list(more) if name in Outbound.model_fields}
    body = EntryBody(id=EntryId("cv:1:0"), author=Author(role="ai"), text=text, **more)
    entry = Entry(**body.model_dump(), seq=2, at=datetime.now(UTC))
    return Outbound(
        conversation=ConversationId("cv_00_AAAAAAAAAAAAAAAAAAAAAA"), to=to, entry=entry, **rest
    )


def address(channel: Channel, thread: str | None = None) -> Address:
    return Address(channel="slack", account="T0TEAM001", chat=channel.id, thread=thread)


def make_settings(slack: SlackServer, **more: Any) -> SlackSettings:
    return SlackSettings.model_validate(
        {
            "bot_token": SecretStr(BOT_TOKEN), "app_token": SecretStr(APP_TOKEN),
            "signing_secret": SecretStr(SECRET), "api_url": slack.url, "team_id": "T0TEAM001",
            "channels": "C0HELP001", "messages_per_second": 1000.0, **more,
        }
    )  # fmt: skip


Open = Callable[..., Rig]


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    async with SlackServer() as server:
        server.space.add_channel("C0HELP001")
        server.space.add_channel("C0ELSE001")
        yield server


@pytest.fixture
async def open_rig(slack: SlackServer) -> AsyncGenerator[Open]:
    made: list[Rig] = []

    def make(house: House = BARE_HOUSE, **more: Any) -> Rig:
        made.append(Rig(slack, SlackAdapter(make_settings(slack, **more), house)))
        return made[-1]

    yield make
    for rig in made:
        await rig.adapter.close()


@pytest.fixture
def rig(open_rig: Open) -> Rig:
    return open_rig()
