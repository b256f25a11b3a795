"""A bare Engine.IO and Socket.IO client: sends any frame, well-formed or not; shows all answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

NAMESPACE = "/widget"


class Line:
    """One WebSocket to a namespace, the widget's if no other is named."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, namespace: str = NAMESPACE) -> None:
        self.socket = socket
        self.namespace = namespace
        self.events: list[tuple[str, Any]] = []
        self.acks: dict[int, Any] = {}
        self._ids = 0

    async def connect(self, auth: Any = None) -> str:
        """Open the namespace; gives the raw answer (`0…` accepted, `4…` refused)."""
        await self.raw(f"40{self.namespace}," + ("" if auth is None else json.dumps(auth)))
        async with asyncio.timeout(5):
            while True:
                packet = await self._read()
                if packet[:1] in {"0", "4"}:
                    return packet

    async def raw(self, frame: str | bytes) -> None:
        """Send exactly this (a Socket.IO packet wants the `4` of Engine.IO in front)."""
        if isinstance(frame, str):
            await self.socket.send_str(frame)
        else:
            await self.socket.send_bytes(frame)

    async def ask(self, event: str, payload: Any) -> Any:
        """Send an event and wait for its acknowledgement."""
        self._ids += 1
        number = self._ids
        await self.raw(f"42{self.namespace},{number}{json.dumps([event, payload])}")
        async with asyncio.timeout(5):
            while number not in self.acks:
                self._keep(await self._read())
        return self.acks.pop(number)

    async def event(self, name: str) -> Any:
        """The next event of this name."""
        async with asyncio.timeout(5):
            while True:
                for index, (kind, data) in enumerate(self.events):
                    if kind == name:
                        del self.events[index]
                        return data
                self._keep(await self._read())

    async def ended(self, seconds: float = 5) -> bool:
        """True if the server closes within this time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._keep(await self._read())
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    async def _read(self) -> str:
        """The next Socket.IO packet; answers pings. Raises `ConnectionError` at the end."""
        while True:
            message = await self.socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionError(f"closed: {message.type.name} {message.data}")
            frame = str(message.data)
            if frame == "2":
                await self.socket.send_str("3")
            elif frame.startswith("4"):
                return frame[1:]
            elif frame == "1":
                raise ConnectionError("closed by the server")

    def _keep(self, packet: str) -> None:
        kind, rest = packet[:1], packet[1:].removeprefix(f"{self.namespace},")
        if kind == "2":
            name, *data = json.loads(rest)
            self.events.append((name, data[0] if data else None))
        elif kind == "3":
            digits = rest[: rest.index("[")]
            self.acks[int(digits)] = json.loads(rest[len(digits) :])[0]
        elif kind == "1":
            raise ConnectionError("the namespace was closed")


@asynccontextmanager
async def open_line(
    url: str,
    *,
    headers: dict[str, str] | None = None,
    connector: aiohttp.BaseConnector | None = None,
    namespace: str = NAMESPACE,
) -> AsyncGenerator[Line]:
    """A WebSocket after the Engine.IO handshake."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.ws_connect(address, headers=headers, max_msg_size=0) as socket,
    ):
        hello = await socket.receive_str()
        assert hello.startswith("0{")
        yield Line(socket, namespace)
