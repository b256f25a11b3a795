"""A widget's socket, its frames written by hand: says things and remembers what it was shown."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import orjson


class Visitor:
    """One visitor in one conversation. `deltas` and `entry` are those of the last question,
    `first_ms` how long its first piece took."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self.deltas: list[dict[str, Any]] = []
        self.entry: dict[str, Any] = {}
        self.first_ms = 0.0

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str) -> Visitor:
        """Connect to a gateway."""
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        visitor = cls(await session.ws_connect(address, max_msg_size=0))
        await visitor._frame("0")
        await visitor._socket.send_str('40/widget,{"site":"test"}')
        await visitor._frame("40/widget,")
        return visitor

    async def close(self) -> None:
        """Leave."""
        await self._socket.close()

    async def ask(self, text: str) -> None:
        """Say it, and look on until the answer is there."""
        self._count += 1
        self.deltas, self.entry = [], {}
        body = orjson.dumps(["message", {"client_id": f"c{self._count}", "text": text}]).decode()
        began = time.perf_counter()
        await self._socket.send_str(f"42/widget,{body}")
        while not self.entry:
            frame = await self._frame("42/widget,")
            name, data = orjson.loads(frame[frame.index("[") :])
            if name == "delta":
                self.first_ms = self.first_ms if self.deltas else _since(began)
                self.deltas.append(data)
            elif name == "entry" and data["author"]["role"] == "ai":
                self.entry = data

    async def _frame(self, start: str) -> str:
        while True:
            message = await self._socket.receive(60)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            if message.data == "2":
                await self._socket.send_str("3")
            elif message.data.startswith(start):
                return message.data


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
