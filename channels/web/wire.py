"""The WebSocket below Engine.IO: hands up only frames that Engine.IO can read.

Above: `guard` puts it in the place of the library's own driver. Below: aiohttp.

The stock driver lets a frame such as `x` raise in the middle of the library: a traceback, and a
writer task that nobody ends. Here such a frame goes up as a message that the guard counts as bad.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

# Engine.IO packets a client may send over a WebSocket: message, pong; close ends it.
_KNOWN = ("4", "3")
_CLOSE = "1"
# A message packet that no Socket.IO reader accepts.
_BAD = "4?"


class Wire:
    """One WebSocket, in the shape that Engine.IO's server wants."""

    def __init__(self, handler: Callable[[Wire], Awaitable[None]], server: Any) -> None:
        self._handler = handler
        # Unpacking what a stranger packed is how small frames become big: no compression.
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Runs until the socket is closed."""
        await self._socket.prepare(environ["aiohttp.request"])
        await self._handler(self)
        return self._socket

    async def wait(self) -> str | bytes:
        """The next frame. Raises `OSError` when there is none any more."""
        message = await self._socket.receive()
        if message.type is WSMsgType.BINARY:
            return message.data
        if message.type is not WSMsgType.TEXT:
            raise OSError
        text: str = message.data
        if text.startswith(_CLOSE):
            raise OSError
        return text if text.startswith(_KNOWN) else _BAD

    async def send(self, message: str | bytes) -> None:
        """Waits while the client does not read."""
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_str(message)

    async def close(self) -> None:
        """Say goodbye."""
        await self._socket.close()
