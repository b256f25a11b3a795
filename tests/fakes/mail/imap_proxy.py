"""A relay in front of an IMAP server that cuts, holds back and refuses connections as told.

Above: tests of the email wire. Below: asyncio streams. The server behind it is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress


class ImapProxy:
    """`cut_after` closes a connection when its client has sent a line with this word; `hold_at`
    keeps such a line back, and all that follow, until the connection is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0
        self.refusing = False
        self.cut_after: bytes | None = None
        self.hold_at: bytes | None = None
        self.held = asyncio.Event()
        self.cuts = 0
        self.lines: list[bytes] = []

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[ImapProxy]:
        """Relay while the body runs."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Every connection ends now."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            writer.transport.abort()
            return
        behind, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, to_server}
        try:
            await asyncio.gather(
                self._pass(reader, to_server, watched=True),
                self._pass(behind, writer, watched=False),
            )
        finally:
            for end in (writer, to_server):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool
    ) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while data := await reader.read(65_536):
                if watched:
                    self.lines.append(data)
                    if self.hold_at is not None and self.hold_at in data:
                        self.held.set()
                        await reader.read(-1)  # until its client is gone
                        break
                    if self.cut_after is not None and self.cut_after in data:
                        self.cut_after = None
                        self.cuts += 1
                        self.cut()
                        return
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
