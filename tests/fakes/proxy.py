"""A line between a client and a server that can be cut in the worst moment.

Above: tests of lost answers. Below: asyncio. It passes bytes on; told to, it lets a request through
to the server, swallows the answer and closes: done, and nobody knows.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path


class CuttingProxy:
    """Listens on a unix socket of its own; use as an async context."""

    def __init__(self, target: Path, own: Path) -> None:
        self._target = target
        self._own = own
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._answers_to_lose = 0
        self._wanted = b""
        self.lost = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"unix://{self._own}"

    async def __aenter__(self) -> CuttingProxy:
        self._server = await asyncio.start_unix_server(self._serve, self._own)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def lose_answers(self, count: int = 1, *, to: bytes = b"EVALSHA") -> None:
        """Swallow the answers to the next `count` requests that hold `to`."""
        self._answers_to_lose, self._wanted = count, to

    def cut(self) -> None:
        """End every line."""
        for writer in self._lines:
            writer.close()
        self._lines.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        self._lines |= {writer, here}
        doomed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_requests(reader, here, doomed))
                group.create_task(self._pass_answers(there, writer, doomed))
        except* OSError:
            pass
        finally:
            for line in (writer, here):
                self._lines.discard(line)
                line.close()

    async def _pass_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if self._answers_to_lose > 0 and self._wanted in data:
                self._answers_to_lose -= 1
                doomed.set()
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if doomed.is_set():
                self.lost += 1
                break
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.close()
