"""The WebSocket below Engine.IO: reads frames for the guard, writes what is queued.

Above: `guard` puts it in the place of the library's own driver. Below: aiohttp.

The stock driver makes a task for every frame it waits for, tries to read each as JSON, lets a frame
such as `x` raise in the middle of the library (a traceback, and a writer that nobody ends), and
leaves it to the client to close when the server said goodbye. Here a frame that Engine.IO does
not know goes up as a packet that the guard counts as bad, and goodbye is the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web
from engineio import packet as kinds

from core.runtime import running

# Engine.IO packets that a client may send over a WebSocket.
_MESSAGE, _PONG, _CLOSE = "4", "3", "1"
# No Socket.IO packet begins like this.
_BAD = "?"
_GOODBYE_SECONDS = 2.0


class Wire:
    """One WebSocket, in the shape that Engine.IO's server makes and calls."""

    def __init__(self, handler: Callable[..., Awaitable[None]], server: Any) -> None:
        # The library hands over a method of its socket; the socket is what we serve.
        self._engine: Any = handler.__self__  # type: ignore[attr-defined]
        self._on_packet: Callable[[str, str | bytes], Awaitable[None]] = server.handlers["message"]
        self._patience_seconds = server.ping_interval + server.ping_timeout
        self._reason = server.reason.TRANSPORT_CLOSE
        # Unpacking what a stranger packed is how small frames become big: no compression.
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=_GOODBYE_SECONDS
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Runs until the socket is closed."""
        await self._socket.prepare(environ["aiohttp.request"])
        engine = self._engine
        engine.connected = engine.upgraded = True
        try:
            async with running(self._write(engine.queue), name="widget-writer"):
                await self._read()
            await self._socket.close()
        finally:
            await engine.close(wait=False, abort=True, reason=self._reason)
        return self._socket

    async def _read(self) -> None:
        """Hand up packets, one after the other, until the client goes or is silent for too long."""
        sid = self._engine.sid
        while True:
            try:
                message = await self._socket.receive(self._patience_seconds)
            except TimeoutError:
                return
            if message.type is WSMsgType.TEXT:
                text: str = message.data
                kind = text[:1]
                if kind == _MESSAGE:
                    await self._on_packet(sid, text[1:])
                elif kind == _PONG:
                    self._engine.schedule_ping()
                elif kind == _CLOSE:
                    return
                else:
                    await self._on_packet(sid, _BAD)
            elif message.type is WSMsgType.BINARY:
                await self._on_packet(sid, message.data)
            else:
                return

    async def _write(self, queue: Any) -> None:
        """Send what is queued: ready frames of ours, packets of the library, goodbye last."""
        with suppress(ConnectionError):
            while True:
                item: Any = await queue.get()
                queue.task_done()
                if isinstance(item, str):
                    await self._socket.send_str(item)
                elif item is not None:
                    await self._socket.send_str(item.encode())
                if item is None or getattr(item, "packet_type", None) == kinds.CLOSE:
                    break
            await self._socket.close()
