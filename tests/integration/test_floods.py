"""Floods at the doors: REST and the widget's socket ask newcomers for a proof, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from channels.floods.captcha import Captcha
from channels.floods.gate import FloodGate
from channels.floods.proofs import solve
from channels.floods.settings import FloodSettings
from core.bus.connect import Bus
from core.bus.limits import StoredLimits
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors

SETTINGS = FloodSettings(per_address=2, bits=6, most_bits=8, local=True)


@asynccontextmanager
async def flooded(bus: Bus) -> AsyncGenerator[tuple[Doors, aiohttp.ClientSession]]:
    """Doors that two newcomers have just passed."""
    limits = StoredLimits(bus.calls, shards=bus.settings.shards)
    gate = FloodGate(SETTINGS, secret="s", limits=limits)
    deps = replace(list_deps(bus), floods=gate)
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        for _ in range(2):
            assert (await post(doors, http, {"text": "Hello."}))[0] == 201
        yield doors, http


async def post(
    doors: Doors, http: aiohttp.ClientSession, body: dict[str, Any], token: str | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{doors.api}/conversations"
    async with http.post(url, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_rest_asks_for_a_proof_and_takes_it_once(bus: Bus) -> None:
    async with flooded(bus) as (doors, http):
        status, problem = await post(doors, http, {"text": "Hello."})
        assert (status, problem["code"]) == (428, "challenge_required")
        assert problem["challenge"]["kind"] == "work"
        proof = solve(problem["challenge"]["token"])
        status, made = await post(doors, http, {"text": "Hello.", "proof": proof})
        assert status == 201 and made["seq"] == 1
        assert (await post(doors, http, {"proof": proof}))[0] == 428
        assert (await post(doors, http, {"proof": "nonsense"}))[0] == 428
        assert (await post(doors, http, {}, token=ADMIN))[0] == 201


class Socket:
    """A widget's socket, its frames written by hand."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line
        self._count = 0

    @classmethod
    async def open(cls, doors: Doors, http: aiohttp.ClientSession) -> Socket:
        address = doors.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        made = cls(await http.ws_connect(address))
        await made._read("0")
        await made._line.send_str('40/widget,{"site":"test"}')
        await made._read("40/widget,")
        return made

    async def ask(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        body = orjson.dumps([name, payload]).decode()
        await self._line.send_str(f"42/widget,{self._count}{body}")
        frame = await self._read(f"43/widget,{self._count}")
        return orjson.loads(frame[frame.index("[") :])[0]

    async def _read(self, start: str) -> str:
        while True:
            text = (await self._line.receive(10)).data
            if text == "2":
                await self._line.send_str("3")
            elif text.startswith(start):
                return text


async def test_the_socket_asks_with_the_first_message_only(bus: Bus) -> None:
    async with flooded(bus) as (doors, http):
        socket = await Socket.open(doors, http)
        words = {"client_id": "c1", "text": "Hello."}
        refused = (await socket.ask("message", words))["error"]
        assert refused["code"] == "challenge_required"
        proof = solve(refused["challenge"]["token"])
        said = await socket.ask("message", {**words, "proof": proof})
        assert said["seq"] == 1
        again = await socket.ask("message", {"client_id": "c2", "text": "And this."})
        assert again["seq"] > 1, "who is in is not asked again"
        other = await Socket.open(doors, http)
        assert "error" in await other.ask("message", {**words, "proof": proof})


async def test_a_captcha_service_is_asked_as_all_of_them_are() -> None:
    asked: list[dict[str, str]] = []
    told: list[Any] = [{"success": True}, {"success": False}, {"odd": 1}, "text", 500]

    async def verify(request: web.Request) -> web.Response:
        asked.append({name: str(value) for name, value in (await request.post()).items()})
        answer = told.pop(0)
        if answer == 500:
            return web.Response(status=500)
        return web.json_response(answer)

    app = web.Application()
    app.router.add_post("/siteverify", verify)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/siteverify"
        captcha = Captcha(url, "key", seconds=5)
        found = [await captcha("answer", "203.0.113.9") for _ in range(5)]
    finally:
        await runner.cleanup()
    assert found == [True, False, False, None, None]
    assert asked[0] == {"secret": "key", "response": "answer", "remoteip": "203.0.113.9"}
    assert await Captcha(url, "key", seconds=5)("answer", "a") is None


async def test_what_makes_proofs_is_served_to_pages_of_other_sites(bus: Bus) -> None:
    async with (
        open_doors(bus) as doors,
        aiohttp.ClientSession() as http,
        http.get(f"{doors.url}/widget-proof.js") as response,
    ):
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "javascript" in response.headers["Content-Type"]
