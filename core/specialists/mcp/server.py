"""One MCP server over time: connected when it is needed, held to its pins, left alone when sick.

Above: `tool`, `toolset`, the CRM over MCP. Below: `session`, `pins`, `core.breaker`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from core.breaker import Breaker
from core.errors import ToolServerError
from core.runtime import Backoff
from core.specialists.mcp.files import ServerSpec
from core.specialists.mcp.messages import Json, Line
from core.specialists.mcp.pins import ToolText, read_text
from core.specialists.mcp.session import CallResult, McpSession

_log = structlog.get_logger("mcp")
OpenLine = Callable[[str, ServerSpec], Awaitable[Line]]
_BACKOFF = Backoff(first=0.5, top=60.0)
_FAILURES, _SICK_SECONDS = 3, 30.0


class ToolServer:
    """`tools` are the pinned ones whose text is still that of the pin; `kept_back` the others, each
    with its reason."""

    def __init__(
        self, name: str, spec: ServerSpec, open_line: OpenLine, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name = name
        self.spec = spec
        self.tools: Mapping[str, ToolText] = {}
        self.kept_back: Mapping[str, str] = {}
        self.breaker = Breaker(failures=_FAILURES, seconds=_SICK_SECONDS, clock=clock)
        self._open_line = open_line
        self._clock = clock
        self._line: Line | None = None
        self._session: McpSession | None = None
        self._connecting = asyncio.Lock()
        self._checked = False
        self._failed = 0
        self._not_before = 0.0

    def offers(self, tool: str) -> bool:
        """True if a model may be told of it now."""
        return tool in self.tools and self.breaker.state != "open"

    async def call(self, tool: str, arguments: Json, *, key: str | None) -> CallResult:
        """Call an allowed tool within the deadline. Raises `ToolServerError`."""
        end = time.monotonic() + self.spec.deadline_seconds
        with self._counted():
            session = await self._within(end)
            if tool not in self.tools:
                raise ToolServerError(f"{self.name}.{tool} is kept back", code="mcp_kept_back")
            try:
                return await session.call(tool, arguments, key=key, seconds=_left(end))
            except ToolServerError as error:
                await self._leave(session, error)
                raise

    async def refresh(self) -> None:
        """Hold what it offers now against the pins. Raises `ToolServerError`."""
        end = time.monotonic() + self._patience
        with self._counted():
            await self._connected(end, look_again=True)

    @contextmanager
    def _counted(self) -> Generator[None]:
        """The breaker lets the block begin, and hears how it ended."""
        self._admit()
        try:
            yield
        except ToolServerError as error:
            self._count(error)
            raise
        except asyncio.CancelledError:
            self.breaker.release()
            raise
        self.breaker.succeed()

    async def look(self) -> list[ToolText]:
        """Everything it offers now, allowed or not: for the operator who pins. Raises
        `ToolServerError`."""
        end = time.monotonic() + self._patience
        async with self._connecting:
            try:
                session = await self._open(end)
                listed = await session.list_tools(seconds=_left(end))
            except ToolServerError:
                await self.close()
                raise
        return [text for text in map(read_text, listed) if text is not None]

    def report(self) -> dict[str, Any]:
        """For health pages and the doctor."""
        return {
            **self.breaker.report(),
            "connected": self._session is not None,
            "tools": sorted(self.tools),
            "kept_back": dict(self.kept_back),
        }

    async def close(self) -> None:
        """Let go of it."""
        line, self._line, self._session = self._line, None, None
        if line is not None:
            await line.close()

    @property
    def _patience(self) -> float:
        """For who waits for a server to start, and not for an answer."""
        return max(self.spec.start_seconds, self.spec.deadline_seconds)

    async def _within(self, end: float) -> McpSession:
        """Connected in the time of a call, also when another one is at it."""
        try:
            async with asyncio.timeout(_left(end)):
                return await self._connected(end)
        except TimeoutError as late:
            raise ToolServerError("it is not connected in time", code="mcp_timeout") from late

    def _admit(self) -> None:
        if not self.breaker.admit():
            raise ToolServerError(f"{self.name} is left alone for a moment", code="mcp_resting")

    async def _connected(self, end: float, *, look_again: bool = False) -> McpSession:
        """A session whose tools were held against the pins."""
        async with self._connecting:
            try:
                session = await self._open(end)
                changed = self._line is not None and self._line.changed
                if changed or look_again or not self._checked:
                    await self._check(session, end)
            except ToolServerError as error:
                if error.code != "mcp_resting":
                    await self.close()
                raise
            except asyncio.CancelledError:
                await self.close()
                raise
        return session

    async def _open(self, end: float) -> McpSession:
        """The session; a new one if there is none. What was offered before still is, because it is
        what was pinned."""
        if self._session is not None:
            return self._session
        if self._clock() < self._not_before:
            raise ToolServerError(f"{self.name} is tried again soon", code="mcp_resting")
        self._failed += 1
        self._not_before = self._clock() + _BACKOFF.pause(self._failed - 1)
        self._checked = False
        try:
            async with asyncio.timeout(_left(end)):
                line = self._line = await self._open_line(self.name, self.spec)
        except TimeoutError as late:
            raise ToolServerError("it cannot be reached in time", code="mcp_timeout") from late
        session = McpSession(line)
        await session.open(seconds=_left(end))
        self._session, self._failed, self._not_before = session, 0, 0.0
        return session

    async def _check(self, session: McpSession, end: float) -> None:
        listed = await session.list_tools(seconds=_left(end))
        texts = [text for text in map(read_text, listed) if text is not None]
        good: dict[str, ToolText] = {}
        bad: dict[str, str] = {}
        for tool, grant in self.spec.tools.items():
            found = [text for text in texts if text.name == tool]
            reason = _reason(found, grant.pin)
            if reason is None:
                good[tool] = found[0]
            else:
                bad[tool] = reason
        for tool, reason in bad.items():
            if self.kept_back.get(tool) != reason:
                _log.warning("mcp_tool_kept_back", server=self.name, tool=tool, reason=reason)
        self.tools, self.kept_back, self._checked = good, bad, True
        if self._line is not None:
            self._line.seen()

    async def _leave(self, session: McpSession, error: ToolServerError) -> None:
        """What failed on a line ends it; slow is not broken, unless it is slow again and again."""
        slow = error.code == "mcp_timeout" and not self.breaker.is_sick
        if self._session is session and not slow:
            await self.close()

    def _count(self, error: ToolServerError) -> None:
        if error.code in {"mcp_kept_back", "mcp_resting"}:
            self.breaker.release()
            return
        self.breaker.fail(error.code)
        _log.warning("mcp_server_failed", server=self.name, code=error.code)


def _reason(found: list[ToolText], pin: str | None) -> str | None:
    """Why a tool is kept back."""
    if not found:
        return "the server does not have it"
    if len(found) > 1:
        return "the server has several of this name"
    if pin is None:
        return "it is not pinned"
    if found[0].pin != pin:
        return "its description or schema has changed since it was pinned"
    return found[0].fault


def _left(end: float) -> float:
    return max(0.001, end - time.monotonic())
