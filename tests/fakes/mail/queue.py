"""A mail server's queue in front of the gateway: hands each mail over by LMTP until it is taken.

Above: the rig of email's listener. Below: asyncio streams. It speaks the protocol by hand, one mail
a connection, in the order in which they came; what was refused for now or cut stays and is tried
again after a moment, as a mail server does (its moments are longer).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Queued:
    """A mail that waits, with its envelope."""

    raw: bytes
    sender: str
    recipient: str


class MailQueue:
    """`waiting` are mails that nobody took; `refused` those that were sent back for good."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.waiting: deque[Queued] = deque()
        self.refused: list[tuple[Queued, str]] = []
        self._news = asyncio.Event()
        self._line: asyncio.StreamWriter | None = None

    def put(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """A mail arrived from outside."""
        self.waiting.append(Queued(raw, sender, recipient))
        self._news.set()

    def flush(self) -> None:
        """Try now."""
        self._news.set()

    def cut(self) -> None:
        """The connection to the gateway breaks, if there is one."""
        if self._line is not None:
            self._line.transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[MailQueue]:
        """Deliver while the body runs."""
        work = asyncio.create_task(self._work())
        try:
            yield self
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_SECONDS if self.waiting else None):
                    await self._news.wait()
            self._news.clear()
            while self.waiting and await self._is_done(self.waiting[0]):
                self.waiting.popleft()

    async def _is_done(self, mail: Queued) -> bool:
        """True if it was taken, or refused for good."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await self._hand_over(mail)
        except (OSError, EOFError, TimeoutError):
            return False
        if answer.startswith("5"):
            self.refused.append((mail, answer))
        return answer[:1] in {"2", "5"}

    async def _hand_over(self, mail: Queued) -> str:
        """One transaction; the answer that decides."""
        reader, self._line = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            answer = await _read(reader)
            for line in ("LHLO mx.test", f"MAIL FROM:<{mail.sender}>",
                         f"RCPT TO:<{mail.recipient}>", "DATA"):  # fmt: skip
                if not answer.startswith("2"):
                    return answer
                self._line.write(f"{line}\r\n".encode())
                answer = await _read(reader)
            if not answer.startswith("354"):
                return answer
            self._line.write(_stuffed(mail.raw) + b".\r\n")
            return await _read(reader)
        finally:
            self._line.transport.abort()
            self._line = None


async def _read(reader: asyncio.StreamReader) -> str:
    """One answer, of however many lines."""
    while True:
        line = await reader.readuntil(b"\n")
        if line[3:4] != b"-":
            return line.decode("utf-8", "replace").strip()


def _stuffed(raw: bytes) -> bytes:
    """With CR LF at every end, and a dot more where a line begins with one."""
    lines = raw.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
