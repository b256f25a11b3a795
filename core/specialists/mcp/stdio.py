"""A line to a server that is a child of ours: one message a line, over its own input and output.

Above: `server`, whoever opens lines. Below: `messages`, asyncio. The child gets the environment
that it is given and no other, and a process group of its own; what it writes is read up to a size,
and one that floods, rambles or asks for things too often is ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

from core.errors import ToolServerError
from core.runtime import end_tasks, spawn
from core.specialists.mcp.messages import (
    LIST_CHANGED,
    MOST_REFUSALS,
    Json,
    answered,
    read_message,
    refuse,
)

# Lines that are no messages, from a program that prints its greetings to the wrong place.
_MOST_GARBAGE = 10
# As many times the size of one result may come before a line is taken for a flood.
_FLOOD = 4
_GRACE_SECONDS = 1.0


class StdioLine:
    """Implements `messages.Line`."""

    def __init__(self, process: asyncio.subprocess.Process, *, most_bytes: int) -> None:
        self._process = process
        self._most = most_bytes
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._unanswered = self._garbage = self._refused = 0
        self._changed = False
        self._failure: ToolServerError | None = None
        self._reader = spawn(self._read(), name="mcp-stdio")

    @classmethod
    async def open(
        cls, command: Sequence[str], environment: Mapping[str, str], *, most_bytes: int
    ) -> StdioLine:
        """Start the program. Raises `ToolServerError`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, env=dict(environment),
                start_new_session=True, limit=most_bytes,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            words = f"{command[0]} cannot be started: {type(error).__name__}"
            raise ToolServerError(words, code="mcp_unreachable") from error
        return cls(process, most_bytes=most_bytes)

    @property
    def changed(self) -> bool:
        """See `Line`."""
        return self._changed

    def seen(self) -> None:
        """See `Line`."""
        self._changed = False

    def speak(self, version: str) -> None:
        """See `Line`; nothing depends on it here."""

    async def ask(self, message: Json, *, seconds: float) -> Json:
        """See `Line`."""
        number = message["id"]
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(seconds):
                await self._write(message)
                return await answer
        except TimeoutError as late:
            raise ToolServerError("no answer in time", code="mcp_timeout") from late
        finally:
            self._waiting.pop(number, None)

    async def tell(self, message: Json, *, seconds: float) -> None:
        """See `Line`."""
        try:
            async with asyncio.timeout(seconds):
                await self._write(message)
        except TimeoutError as late:
            raise ToolServerError("it does not listen", code="mcp_timeout") from late

    async def close(self) -> None:
        """See `Line`: its input ends, then it is asked, then it is made to."""
        self._end(ToolServerError("the line is closed", code="mcp_closed"))
        if self._process.stdin is not None:
            self._process.stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_SECONDS):
                    await self._process.wait()
        await end_tasks(self._reader)
        transport = getattr(self._process, "_transport", None)
        if transport is not None:  # else a grandchild that holds the pipe keeps it open
            transport.close()

    async def _write(self, message: Json) -> None:
        if self._failure is not None:
            raise ToolServerError(str(self._failure), code=self._failure.code)
        stdin = self._process.stdin
        if stdin is None:
            raise ToolServerError("it has no input", code="mcp_closed")
        try:
            stdin.write(json.dumps(message).encode() + b"\n")
            await stdin.drain()
        except (OSError, RuntimeError) as error:
            raise ToolServerError("the server has gone", code="mcp_ended") from error

    async def _read(self) -> None:
        stdout = self._process.stdout
        reason = ToolServerError("the server has gone", code="mcp_ended")
        try:
            while stdout is not None and (line := await stdout.readline()):
                await self._take(line)
        except ValueError:  # a line beyond the limit of the reader
            reason = ToolServerError("a result beyond the size limit", code="mcp_too_large")
        except ToolServerError as error:
            reason = error
        except OSError:
            pass
        self._end(reason)

    async def _take(self, line: bytes) -> None:
        self._unanswered += len(line)
        if self._unanswered > _FLOOD * self._most:
            raise ToolServerError("it sends without end", code="mcp_too_large")
        if not line.strip():
            return
        try:
            message = read_message(line)
        except ToolServerError:
            self._garbage += 1
            if self._garbage > _MOST_GARBAGE or self._waiting:
                raise
            return
        self._changed = self._changed or message.get("method") == LIST_CHANGED
        if (number := answered(message)) is not None:
            self._unanswered = 0
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif (refusal := refuse(message)) is not None:
            self._refused += 1
            if self._refused > MOST_REFUSALS:
                raise ToolServerError("it asks for too much", code="mcp_asks")
            await self.tell(refusal, seconds=_GRACE_SECONDS)

    def _end(self, reason: ToolServerError) -> None:
        """Whoever waits is told, and nobody waits again."""
        self._failure = self._failure or reason
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ToolServerError(str(reason), code=reason.code))
