"""An adapter on the emulated Telegram, without a store: what it publishes is written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from channels.base import Arrival, House
from channels.problems import explain, refuse
from channels.telegram.adapter import TelegramAdapter
from channels.telegram.settings import TelegramSettings
from core.conversation import Accepted
from core.errors import BusUnavailable
from core.ids import ConversationId, EntryId
from core.messages import Address, Author, Entry, Outbound
from tests.fakes.telegram.server import TOKEN, TelegramServer

SECRET = "s3cret_of-the-webhook"
CONVERSATION = ConversationId("cv_00_" + "a" * 22)


class Log:
    """What was published, in order; it may be away, or hold what it gets."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.is_down = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.holds: set[str] = set()
        self.tries = 0

    async def publish(self, arrival: Arrival) -> Accepted:
        self.tries += 1
        if self.is_down:
            raise BusUnavailable("away")
        if arrival.address.chat in self.holds:
            await self.gate.wait()
        duplicate = arrival.id in {one.id for one in self.arrivals}
        if not duplicate:
            self.arrivals.append(arrival)
        return Accepted(seq=len(self.arrivals), duplicate=duplicate)

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.arrivals]


def make_adapter(
    server: TelegramServer, house: House | None = None, **changed: Any
) -> TelegramAdapter:
    settings = TelegramSettings.model_validate(
        {"bot_token": TOKEN, "api_url": server.url, "timeout_seconds": 5,
         "chat_messages_per_second": 1000.0, **changed}
    )  # fmt: skip
    return TelegramAdapter(settings, TOKEN, house or House())


@asynccontextmanager
async def polling(
    server: TelegramServer, log: Log, **changed: Any
) -> AsyncGenerator[TelegramAdapter]:
    adapter = make_adapter(server, **changed)
    ready = asyncio.Event()
    task = asyncio.create_task(adapter.run(log.publish, ready))
    try:
        await asyncio.wait_for(ready.wait(), 10)
        yield adapter
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await adapter.close()


@web.middleware
async def _problems(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refuse(error, "t")
    except Exception as error:  # noqa: BLE001 -- as the real server does
        return explain(error, request.path, "t")


@asynccontextmanager
async def door(server: TelegramServer, log: Log) -> AsyncGenerator[tuple[TelegramAdapter, str]]:
    """The web role's half: routes on a server, and its address."""
    adapter = make_adapter(server, webhook_url="https://shop.example", webhook_secret=SECRET)
    app = web.Application(middlewares=[_problems], client_max_size=2_000_000)
    adapter.add_routes(app, log.publish)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    assert runner.addresses
    try:
        yield adapter, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        await adapter.close()


def outbound(text: str = "Hello.", *, chat: int = 7001, **changed: Any) -> Outbound:
    content = {name: changed.pop(name) for name in ("parts", "attachments") if name in changed}
    entry = Entry(
        id=EntryId("e1"), author=Author(role="ai"), text=text, seq=2, at=datetime.now(UTC),
        **content,
    )  # fmt: skip
    to = Address(channel="telegram", account="123456", chat=str(chat))
    return Outbound(conversation=CONVERSATION, to=to, entry=entry, **changed)


async def no_report(ids: Sequence[str]) -> None:
    """Nobody listens."""
