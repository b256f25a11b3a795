"""The Socket.IO server with a guard in front: only well-formed, known events get through.

Above: `channels.server`. Below: python-socketio; a gateway for each namespace (`gateway` for
widgets, `desk` for people) decides what events do.

Stock python-socketio runs the server's own connect and disconnect handlers when a client sends
events of those names, logs a traceback for each malformed packet, and acknowledges with nothing
when a handler is cancelled. Here every packet is read once, under checks; a bad one is a strike,
and ten strikes close the socket. `tests/integration/test_web_frames.py` holds it to that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

import orjson
import socketio
import structlog
from socketio import packet as kinds
from socketio.exceptions import ConnectionRefusedError as ConnectionRefused

from channels.callers import Callers
from channels.web.session import MOST_STRIKES, encode
from channels.web.wire import Wire
from core.errors import SwitchboardError
from core.runtime import spawn

_log = structlog.get_logger("widget")
# The largest honest packet is a message of 4,000 characters.
MOST_BYTES = 100_000
# A reader so far behind gets a new start (it resumes from the log) instead of our memory.
_MOST_QUEUED = 1_000
# Who opens a WebSocket must say within so many seconds who it is.
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0


class Refused(Exception):
    """The connection is refused, with a code and a text for the client."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.data = {"code": code}


class Socket(Protocol):
    """The server's side of one socket, whatever its namespace."""

    send: Callable[[str], None]
    strikes: int
    caller: str


class Gateway(Protocol):
    """Who answers for a namespace."""

    @property
    def namespace(self) -> str:
        """Such as `/widget`."""
        ...

    @property
    def events(self) -> frozenset[str]:
        """The names a client may send."""
        ...

    async def open(
        self, auth: Any, send: Callable[[str], None], hang_up: Callable[[], None]
    ) -> tuple[Any, str]:
        """A socket connects: its session, and a text to greet it with; `hang_up` ends it. Raises
        `Refused`."""
        ...

    async def greet(self, session: Any, token: str) -> None:
        """The first event of a connection."""
        ...

    async def act(self, session: Any, name: str, payload: Any) -> dict[str, Any]:
        """Do what the client asks; the acknowledgement."""
        ...

    def close(self, session: Any) -> None:
        """The socket is gone."""
        ...


class Json:
    """orjson in the shape python-socketio wants; NaN, lone surrogates and deep nesting fail."""

    @staticmethod
    def dumps(data: Any, **_: Any) -> str:
        """Compact text."""
        return orjson.dumps(data).decode()

    loads = staticmethod(orjson.loads)


class GuardedServer(socketio.AsyncServer):
    """Reads packets itself and hands events to the gateway; uses the library for the rest."""

    def __init__(self, *gateways: Gateway, sockets_per_address: int, callers: Callers) -> None:
        base: Any = super()
        base.__init__(
            async_mode="aiohttp", transports=["websocket"],
            namespaces=[gateway.namespace for gateway in gateways],
            async_handlers=False, cors_allowed_origins=[], max_http_buffer_size=MOST_BYTES,
            ping_interval=25, ping_timeout=20, json=Json, logger=False, engineio_logger=False,
        )  # fmt: skip
        self._engine._async = {**self._engine._async, "websocket": Wire}
        self._gateways = {gateway.namespace: gateway for gateway in gateways}
        self._most_sockets = sockets_per_address
        self._callers = callers
        self._per_address: Counter[str] = Counter()
        self._open: dict[str, tuple[Gateway, Socket]] = {}
        self._tokens: dict[str, str] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def _engine(self) -> Any:
        """The Engine.IO server below, which has no types."""
        return cast("Any", self).eio

    def _engine_id(self, sid: str, namespace: str) -> str:
        """The library's two names of one socket."""
        return cast("Any", self).manager.eio_sid_from_sid(sid, namespace)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        """A WebSocket opens. Far too many of one address get none (False); one too many is told
        why when it connects."""
        address = self._address(environ)
        if self._per_address[address] >= 2 * self._most_sockets:
            return False
        base: Any = super()
        await base._handle_eio_connect(eio_sid, environ)
        self._per_address[address] += 1
        loop = asyncio.get_running_loop()
        loop.call_later(_CONNECT_SECONDS, self._cut_stranger, eio_sid)
        return True

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        environ = cast("Any", self).environ.get(eio_sid)
        base: Any = super()
        await base._handle_eio_disconnect(eio_sid, reason)
        if environ is not None:
            address = self._address(environ)
            self._per_address[address] -= 1
            if self._per_address[address] <= 0:
                del self._per_address[address]

    def _address(self, environ: dict[str, Any]) -> str:
        """The client's network address; the library's own `REMOTE_ADDR` is a constant."""
        return self._callers.address(environ["aiohttp.request"])

    def _cut_stranger(self, eio_sid: str) -> None:
        if eio_sid not in self._open and eio_sid in self._engine.sockets:
            self._cut_soon(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """A packet arrived. Nothing it holds may raise."""
        packet: Any
        try:
            packet = kinds.Packet(encoded_packet=data) if isinstance(data, str) else None
        except (ValueError, TypeError, RecursionError, IndexError):
            packet = None
        if packet is None or not self._is_spoken(eio_sid, packet.namespace or "/"):
            await self._strike(eio_sid, "malformed")
        elif packet.packet_type == kinds.CONNECT:
            if eio_sid in self._open:
                await self._strike(eio_sid, "connected already")
            else:
                await self._handle_connect(eio_sid, packet.namespace, packet.data)
        elif packet.packet_type == kinds.DISCONNECT:
            base: Any = super()
            await base._handle_disconnect(eio_sid, packet.namespace, self.reason.CLIENT_DISCONNECT)
        elif packet.packet_type == kinds.EVENT:
            await self._handle_named(eio_sid, packet)
        else:
            await self._strike(eio_sid, "unexpected packet")

    def _is_spoken(self, eio_sid: str, namespace: str) -> bool:
        """A socket speaks one namespace: the one it connected to."""
        opened = self._open.get(eio_sid)
        return opened[0].namespace == namespace if opened else namespace in self._gateways

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        base: Any = super()
        await base._handle_connect(eio_sid, namespace, data)
        opened, token = self._open.get(eio_sid), self._tokens.pop(eio_sid, None)
        if opened is not None and token is not None:
            gateway, session = opened
            try:
                await gateway.greet(session, token)
            except SwitchboardError:
                await self._cut(eio_sid)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        """The library's own life cycle; clients cannot reach this."""
        if event == "connect":
            return await self._on_connect(namespace, *args)
        if event == "disconnect":
            self._forget(args[0], namespace)
        return None

    async def _on_connect(
        self, namespace: str, sid: str, environ: dict[str, Any], auth: Any = None
    ) -> bool:
        eio_sid, gateway = self._engine_id(sid, namespace), self._gateways[namespace]
        if self._per_address[self._address(environ)] > self._most_sockets:
            text = "too many connections from this address"
            raise ConnectionRefused(text, {"code": "too_many_sockets"})
        try:
            session, token = await gateway.open(
                auth, self._sender(eio_sid), partial(self._cut_soon, eio_sid)
            )
        except Refused as refused:
            raise ConnectionRefused(refused.text, refused.data) from refused
        if eio_sid not in self._engine.sockets:  # it left while we looked it up
            gateway.close(session)
            return False
        session.caller = self._address(environ)
        self._open[eio_sid] = (gateway, session)
        self._tokens[eio_sid] = token
        return True

    async def _handle_named(self, eio_sid: str, packet: Any) -> None:
        opened, event = self._open.get(eio_sid), _read_event(packet.data)
        if opened is None or event is None or event[0] not in opened[0].events:
            await self._strike(eio_sid, "unknown event")
            return
        gateway, session = opened
        answer = await gateway.act(session, *event)
        if packet.id is not None:
            session.send(f"3{gateway.namespace},{packet.id}[{orjson.dumps(answer).decode()}]")
        elif "error" in answer:
            session.send(encode("error", answer["error"], gateway.namespace))

    def _sender(self, eio_sid: str) -> Callable[[str], None]:
        sockets = self._engine.sockets

        def send(text: str) -> None:
            socket = sockets.get(eio_sid)
            if socket is None or socket.closed:
                return
            if socket.queue.qsize() > _MOST_QUEUED:
                self._hang_up(eio_sid, "reader too slow")
                return
            socket.queue.put_nowait(f"4{text}")  # an Engine.IO message, as `wire` sends it

        return send

    def _cut_soon(self, eio_sid: str) -> None:
        task = spawn(self._cut(eio_sid), name="widget-cut")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _strike(self, eio_sid: str, reason: str) -> None:
        """Say it was wrong; ten times, and the socket closes."""
        opened = self._open.get(eio_sid)
        if opened is None:
            await self._cut(eio_sid)
            return
        gateway, session = opened
        session.strikes += 1
        if session.strikes == 1:
            _log.info("widget_bad_packet", sid=eio_sid, reason=reason)
        problem = {"code": "invalid", "message": f"bad packet: {reason}"}
        session.send(encode("error", problem, gateway.namespace))
        if session.strikes >= MOST_STRIKES:
            await self._cut(eio_sid)

    async def _cut(self, eio_sid: str) -> None:
        """Close, after what is still to be sent; who does not read is hung up on."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._engine.disconnect(eio_sid)
        except TimeoutError:
            self._hang_up(eio_sid, "does not close")

    def _hang_up(self, eio_sid: str, reason: str) -> None:
        """Drop the line without a word: nobody reads there. A client of ours comes back by itself
        and asks the log for what it missed."""
        environ = cast("Any", self).environ.get(eio_sid)
        transport = environ["aiohttp.request"].transport if environ else None
        if transport is not None and not transport.is_closing():
            _log.info("widget_hung_up", sid=eio_sid, reason=reason)
            transport.abort()

    def _forget(self, sid: str, namespace: str) -> None:
        eio_sid = self._engine_id(sid, namespace)
        opened = self._open.pop(eio_sid, None)
        self._tokens.pop(eio_sid, None)
        if opened is not None:
            gateway, session = opened
            gateway.close(session)


def _read_event(data: Any) -> tuple[str, Any] | None:
    """Name and payload of an event; None if it is not one (a name, and at most one payload)."""
    if not isinstance(data, list):
        return None
    parts = cast("list[Any]", data)
    if not 1 <= len(parts) <= 2 or not isinstance(parts[0], str):
        return None
    return parts[0], parts[1] if len(parts) == 2 else {}
