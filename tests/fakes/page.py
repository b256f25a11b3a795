"""A page with the widget, its frames written by hand: what its visitor says, and all it was sent.

Above: tests of who sees what. Below: aiohttp.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class Page:
    """A widget's socket; keeps all that it was sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self.shown: list[tuple[str, Any]] = []
        self.acks: dict[int, Any] = {}

    async def read(self, until_event: str) -> Any:
        """Go on until this comes: the name of an event, or `ack`."""
        while True:
            frame = (await self._socket.receive(30)).data
            if frame == "2":
                await self._socket.send_str("3")
            elif frame.startswith("42/widget,"):
                name, data = json.loads(frame[10:])
                self.shown.append((name, data))
                if name == until_event:
                    return data
            elif frame.startswith("43/widget,") and until_event == "ack":
                return json.loads(frame[frame.index("[") :])[0]

    async def does(self, event: str, payload: Any) -> Any:
        """An act, and its acknowledgement."""
        self._count += 1
        body = json.dumps([event, payload])
        await self._socket.send_str(f"42/widget,{self._count}{body}")
        return await self.read("ack")

    async def says(self, text: str) -> str:
        """The conversation that it came into."""
        ack = await self.does("message", {"client_id": f"c{self._count}{text[:3]}", "text": text})
        return ack["conversation"]

    async def answer(self) -> Any:
        """The next word that is not the visitor's own."""
        while (entry := await self.read("entry"))["author"]["role"] == "customer":
            pass
        return entry

    @property
    def words(self) -> str:
        """All that its visitor could read."""
        return json.dumps(self.shown, ensure_ascii=False)


@asynccontextmanager
async def open_page(
    http: aiohttp.ClientSession, url: str, **auth: Any
) -> AsyncGenerator[tuple[Page, Any]]:
    """A socket that was greeted, and the greeting."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with http.ws_connect(address) as socket:
        await socket.receive(10)
        await socket.send_str("40/widget," + json.dumps({"site": "shop", **auth}))
        made = Page(socket)
        yield made, await made.read("ready")
