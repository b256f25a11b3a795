"""A visitor's socket: Engine.IO and Socket.IO frames by hand, as few steps as can be.

Above: `load`. Below: aiohttp's WebSocket client. The full client library costs more than the
servers it would measure.
"""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import orjson

NAMESPACE = "/widget"
AUTH = orjson.dumps({"site": "bench"}).decode()
OPEN_SECONDS = 20.0
ANSWER_SECONDS = 30.0


class WrongAnswer(Exception):
    """The server said something else than the visitor's own words."""


class Visitor:
    """One connection; `acks`: an acknowledgement is awaited beside the answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, acks: bool) -> None:
        self._session = session
        self._url = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._acks = acks
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._count = 0

    async def open(self) -> None:
        """Connect, up to the server's yes for the namespace."""
        self._socket = await self._session.ws_connect(self._url, compress=0, max_msg_size=0)
        await self._expect("0")
        await self._socket.send_str(f"40{NAMESPACE},{AUTH}")
        await self._expect(f"40{NAMESPACE},")

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            await self._socket.close()

    async def ask(self, text: str) -> float:
        """Say it, await the answer (and the acknowledgement); seconds until the answer came."""
        assert self._socket is not None
        number = self._count
        self._count += 1
        body = orjson.dumps(["message", {"client_id": f"c{number}", "text": text}]).decode()
        begun = time.perf_counter()
        await self._socket.send_str(f"42{NAMESPACE},{number if self._acks else ''}{body}")
        acknowledged, took = not self._acks, 0.0
        while not (acknowledged and took):
            frame = await self._receive()
            if frame.startswith("43"):
                acknowledged = self._check_ack(frame, number)
            elif frame.startswith("42") and self._is_answer(frame, text):
                took = time.perf_counter() - begun
        return took

    async def stay(self) -> None:
        """Answer the server's pings until cancelled."""
        while True:
            await self._receive(wait=3600)

    def _check_ack(self, frame: str, number: int) -> bool:
        head, _, body = frame.partition("[")
        answer: Any = orjson.loads("[" + body)[0]
        if head != f"43{NAMESPACE},{number}" or not answer.get("seq"):
            raise WrongAnswer(f"acknowledgement {frame[:200]}")
        return True

    def _is_answer(self, frame: str, text: str) -> bool:
        name, data = orjson.loads(frame[frame.index("[") :])
        if name != "entry" or data["author"]["role"] != "ai":
            return False
        if data["text"] != text:
            raise WrongAnswer(f"{data['text'][:80]!r} for {text!r}")
        return True

    async def _expect(self, start: str) -> None:
        frame = await self._receive(wait=OPEN_SECONDS)
        if not frame.startswith(start):
            raise WrongAnswer(f"{frame[:200]!r} where {start!r} was due")

    async def _receive(self, *, wait: float = ANSWER_SECONDS) -> str:
        """The next frame that is no ping."""
        assert self._socket is not None
        while True:
            message = await self._socket.receive(wait)
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise WrongAnswer(f"the socket ended: {message.type.name} {message.data}")
            if message.data != "2":
                return message.data
            await self._socket.send_str("3")
