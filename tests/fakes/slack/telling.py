"""How Slack tells an app: by its sockets or by signed HTTP, again and again until it says yes.

Above: `server`. Below: aiohttp. Each event is tried at once and up to three times more; the pauses
are Slack's (0 s, 1 min, 5 min), times a scale. A socket's answer must name the envelope in 3 s;
what a socket that ends was never told to have arrived goes to another at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.fakes.slack.faults import Faults

Kind = Literal["events_api", "interactive", "slash_commands"]
PAUSES = (0.0, 60.0, 300.0)
ANSWER_SECONDS = 3.0
_numbers = itertools.count(1)


@dataclass
class Told:
    """One thing that is told, and how that went."""

    kind: Kind
    payload: dict[str, Any]
    door: Literal["socket", "http"]
    envelope: str = field(default_factory=lambda: f"env-{next(_numbers):08d}")
    tries: int = 0
    answers: list[int | str] = field(default_factory=list[int | str])
    seconds: float = -1.0
    done: bool = False
    # What the app gave along with its acknowledgement: a modal's errors, a command's answer.
    response: dict[str, Any] | None = None


class SocketDoor:
    """The sockets that the app has opened."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.open: list[web.WebSocketResponse] = []
        self.opened = self.turned_away = 0
        self.full = False
        self.silent: set[web.WebSocketResponse] = set()
        self.strange: list[Any] = []
        self._turn = 0
        self._lines: dict[web.WebSocketResponse, asyncio.WriteTransport] = {}
        self._waiting: dict[str, tuple[web.WebSocketResponse, asyncio.Future[Any]]] = {}
        self.arrived = asyncio.Condition()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One socket, as long as it lasts."""
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if len(self.open) >= 10 or self.full:
            self.turned_away += 1
            await socket.close(code=4000, message=b"too_many_websockets")
            return socket
        await socket.send_json({"type": "hello", "num_connections": len(self.open) + 1})
        self.opened += 1
        assert isinstance(request.transport, asyncio.WriteTransport)
        self._lines[socket] = request.transport
        async with self.arrived:
            self.open.append(socket)
            self.arrived.notify_all()
        try:
            async for message in socket:
                self._hear(message.data)
        finally:
            self.open.remove(socket)
            self.silent.discard(socket)
            del self._lines[socket]
            for carrier, waiting in self._waiting.values():
                if carrier is socket and not waiting.done():
                    waiting.set_exception(ConnectionResetError())
        return socket

    def _hear(self, text: Any) -> None:
        try:
            heard = json.loads(text)
            envelope = heard["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self.strange.append(text)
            return
        if envelope not in self._waiting:
            self.strange.append(text)
        elif not (waiting := self._waiting[envelope][1]).done():
            waiting.set_result(heard.get("payload"))

    async def tell(self, told: Told, seconds: float) -> bool:
        """One try; True if it was acknowledged. A socket that ends is no answer: the next one."""
        while True:
            async with self.arrived:
                await self.arrived.wait_for(lambda: bool(self.talking()))
            sockets = self.talking()
            self._turn += 1
            try:
                await self._send(sockets[self._turn % len(sockets)], told, seconds)
            except TimeoutError:
                told.answers.append("timeout")
                return False
            except ConnectionError:
                told.answers.append("lost")
                await asyncio.sleep(0.01)
            else:
                told.answers.append("ack")
                return True

    async def _send(self, socket: web.WebSocketResponse, told: Told, seconds: float) -> None:
        frame = {
            "envelope_id": told.envelope, "type": told.kind, "payload": told.payload,
            "accepts_response_payload": told.kind != "events_api",
            "retry_attempt": told.tries - 1, "retry_reason": "timeout" if told.tries > 1 else "",
        }  # fmt: skip
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[told.envelope] = (socket, waiting)
        try:
            async with asyncio.timeout(seconds):
                await socket.send_json(frame)
                told.response = await waiting
        finally:
            waiting.cancel()

    def talking(self) -> list[web.WebSocketResponse]:
        """The sockets over which something can come."""
        return [one for one in self.open if one not in self.silent and not one.closed]

    async def warn(self, reason: str = "refresh_requested") -> None:
        """Slack will soon end these sockets."""
        for socket in list(self.open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    def cut(self) -> None:
        """All lines end at once."""
        for line in self._lines.values():
            line.abort()

    def silence(self) -> None:
        """The sockets that are open now live on and bring nothing more."""
        self.silent.update(self.open)


class HttpDoor:
    """The request URL of the app."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.url = ""
        self.session: aiohttp.ClientSession | None = None

    def sign(self, body: bytes, stamp: str | None = None) -> dict[str, str]:
        """The headers of a delivery."""
        stamp = stamp or str(int(time.time()))
        digest = hmac.new(
            self.secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256
        )
        return {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        }

    async def tell(self, told: Told, seconds: float) -> bool:
        """One try; True if the answer was 2xx in time."""
        body, content_type = encode(told)
        headers = {**self.sign(body), "Content-Type": content_type}
        if told.tries > 1:
            headers |= {
                "X-Slack-Retry-Num": str(told.tries - 1),
                "X-Slack-Retry-Reason": "http_error",
            }
        assert self.session is not None
        try:
            async with (
                asyncio.timeout(seconds),
                self.session.post(self.url, data=body, headers=headers) as answer,
            ):
                told.answers.append(answer.status)
                content = await answer.read()
                if content and answer.content_type == "application/json":
                    told.response = json.loads(content)
                return answer.status < 300
        except (TimeoutError, aiohttp.ClientError):
            told.answers.append("timeout")
            return False


def encode(told: Told) -> tuple[bytes, str]:
    """The body of a delivery: JSON, a form with JSON, or a form."""
    if told.kind == "events_api":
        return json.dumps(told.payload).encode(), "application/json"
    fields = told.payload
    if told.kind == "interactive":
        fields = {"payload": json.dumps(told.payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
