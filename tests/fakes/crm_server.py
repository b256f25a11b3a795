"""A small CRM over HTTP that misbehaves on command: slow, failing, rate-limiting, lying, cut.

Above: the tests of `core.customers.crm`. Below: aiohttp. It serves the routes of docs/crm.md, wants
its key, and keeps tickets once for an idempotency key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

KEY = "a-key-of-the-crm"
Fault = Literal[
    "500",
    "429",
    "stall",
    "cut",
    "html",
    "empty",
    "huge",
    "redirect",
    "401",
    "loses",
    "slow",
    "422",
    "half",
]


@dataclass
class CrmServer:
    """`customers` by id, each with `orders` and `billing`; `plan` are faults of the next requests,
    one each; `asked` are the requests as they came."""

    url: str = ""
    customers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    plan: list[Fault] = field(default_factory=list[Fault])
    lies: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    history: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    keeps_history: bool = True
    slow_seconds: float = 0.3

    def application(self) -> web.Application:
        """Its routes."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/customers", self._by_email)
        app.router.add_get("/customers/{id}", self._customer)
        app.router.add_get("/customers/{id}/{part:orders|billing}", self._part)
        app.router.add_post("/tickets", self._ticket)
        if self.keeps_history:
            app.router.add_get("/customers/{id}/history", self._read_history)
            app.router.add_post("/customers/{id}/history", self._write_history)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "unauthorized"}, status=401)
        fault = self.plan.pop(0) if self.plan else None
        if fault == "loses":  # it is done, and nobody hears of it
            await handler(request)
        if fault in {"cut", "loses"} and request.transport is not None:
            request.transport.close()
        if fault == "half":  # the body breaks off in the middle
            return await _cut_body(request)
        if fault == "slow":
            await asyncio.sleep(self.slow_seconds)
            fault = None
        if fault is not None:
            return await self._misbehave(fault)
        if request.path in self.lies:
            return web.json_response(self.lies[request.path])
        return await handler(request)

    async def _misbehave(self, fault: Fault) -> web.Response:
        if fault == "stall":
            await asyncio.sleep(30)
        if fault == "429":
            return web.Response(status=429, headers={"Retry-After": "0.1"})
        if fault == "redirect":
            return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})
        bodies = {"html": "<html>login</html>", "empty": "", "huge": "[" + "1," * 2_000_000 + "1]"}
        if fault in bodies:
            return web.Response(text=bodies[fault], content_type="text/html")
        return web.Response(status=int(fault) if fault in {"401", "422"} else 500, text="oops")

    async def _customer(self, request: web.Request) -> web.Response:
        found = self.customers.get(request.match_info["id"])
        if found is None:
            return web.json_response({"error": "not found"}, status=404)
        hidden = {"orders", "billing"}
        return web.json_response({k: v for k, v in found.items() if k not in hidden})

    async def _part(self, request: web.Request) -> web.Response:
        found = self.customers.get(request.match_info["id"], {}).get(request.match_info["part"])
        if found is None:
            return web.json_response({"error": "not found"}, status=404)
        return web.json_response(found)

    async def _by_email(self, request: web.Request) -> web.Response:
        wanted = request.query.get("email", "").lower()
        found = [c for c in self.customers.values() if str(c.get("email", "")).lower() == wanted]
        return web.json_response({"customers": found})

    async def _ticket(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        if key not in self.tickets:
            number = f"CRM-{len(self.tickets) + 1}"
            self.tickets[key] = {"number": number, **await request.json()}
        return web.json_response(self.tickets[key], status=201)

    async def _read_history(self, request: web.Request) -> web.Response:
        owner = request.match_info["id"]
        theirs = [item for item in self.history.values() if item["customer"] == owner]
        return web.json_response({"history": theirs})

    async def _write_history(self, request: web.Request) -> web.Response:
        owner, key = request.match_info["id"], request.headers["Idempotency-Key"]
        if owner not in self.customers:
            return web.json_response({"error": "not found"}, status=404)
        body: dict[str, Any] = await request.json()
        self.history.setdefault(key, {**body, "customer": owner})
        return web.json_response({"ok": True}, status=201)


async def _cut_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"id": "an')
    if request.transport is not None:
        request.transport.close()
    return response


@asynccontextmanager
async def open_crm_server(*, keeps_history: bool = True) -> AsyncGenerator[CrmServer]:
    """A CRM that listens."""
    crm = CrmServer(keeps_history=keeps_history)
    runner = web.AppRunner(crm.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield crm
    finally:
        await runner.cleanup()
