"""A receiver of webhooks on a loopback port: checks what it gets, and misbehaves on command.

Above: the tests of webhooks. Below: aiohttp, the reference library of Standard Webhooks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


@dataclass
class Receiver:
    """`plan` are the answers to come: a status, or a number of seconds to stall; 204 after them."""

    url: str = ""
    secret: str = ""
    plan: list[int | float] = field(default_factory=list[int | float])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    refused: list[str] = field(default_factory=list[str])

    async def serve(self, request: web.Request) -> web.Response:
        """One request."""
        body = await request.read()
        if self.secret:
            Webhook(self.secret).verify(body, dict(request.headers))
        step = self.plan.pop(0) if self.plan else 204
        identifier = request.headers["webhook-id"]
        if isinstance(step, float):
            await asyncio.sleep(step)
            step = 204
        if step >= 300:
            self.refused.append(identifier)
            return web.Response(status=step, headers=self.headers)
        self.got.append((identifier, await request.json()))
        return web.Response(status=step)

    @property
    def types(self) -> list[str]:
        """The events that were taken."""
        return [payload["type"] for _, payload in self.got]


@asynccontextmanager
async def open_receiver() -> AsyncGenerator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
