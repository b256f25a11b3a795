"""One conversation with a server: agree on a version, list its tools, call one.

Above: `server`. Below: `messages`. We promise a server nothing (no sampling, no forms, no files),
and take of its answers what can be read as text.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from typing import Any, cast

from core.errors import ToolServerError
from core.messages import Frozen
from core.specialists.mcp.messages import UNSHAKEN, Json, Line, notification, request
from core.text import clean_text

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_CLIENT = {"name": "switchboard", "version": "1"}
_META = "io.modelcontextprotocol/"
# How a server without a handshake, or one that does not know ours, says no to it.
_NO_HANDSHAKE = frozenset({"mcp_refused", "mcp_http", "mcp_session"})
_MOST_PAGES = 20
_MOST_TOOLS = 500
_KEY = "idempotency-key"


class CallResult(Frozen):
    """What came of a call: `text` for a model, `data` as JSON for programs. `failed`: the tool
    itself says that it did not work."""

    text: str = ""
    data: Any = None
    failed: bool = False


class McpSession:
    """Speaks over one line; `open` first."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._meta: Json = {}

    async def open(self, *, seconds: float) -> None:
        """Agree on a version. Raises `ToolServerError`."""
        end = time.monotonic() + seconds
        try:
            await self._shake_hands(end)
        except ToolServerError as error:
            if error.code not in _NO_HANDSHAKE:
                raise
            await self._discover(end, error)

    async def _discover(self, end: float, refused: ToolServerError) -> None:
        """Without a handshake every request says who asks, and in which version."""
        self._meta = {
            f"{_META}protocolVersion": UNSHAKEN, f"{_META}clientInfo": _CLIENT,
            f"{_META}clientCapabilities": {},
        }  # fmt: skip
        self._line.speak(UNSHAKEN)
        try:
            found = await self._ask("server/discover", {}, end)
        except _Refused:
            raise refused from None
        if UNSHAKEN not in (found.get("supportedVersions") or ()):
            raise ToolServerError("it speaks no version that we know", code="mcp_version")

    async def _shake_hands(self, end: float) -> None:
        params: Json = {
            "protocolVersion": VERSIONS[0], "capabilities": {}, "clientInfo": _CLIENT,
        }  # fmt: skip
        made = await self._ask("initialize", params, end)
        version = made.get("protocolVersion")
        if version not in VERSIONS:
            raise ToolServerError("it speaks no version that we know", code="mcp_version")
        self._line.speak(version)
        await self._line.tell(notification("notifications/initialized"), seconds=_left(end))

    async def list_tools(self, *, seconds: float) -> Sequence[Any]:
        """Everything that its list holds, unread; a list without end is cut. Raises
        `ToolServerError`."""
        end = time.monotonic() + seconds
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._ask("tools/list", {"cursor": cursor} if cursor else {}, end)
            items = page.get("tools")
            found += cast("list[Any]", items) if isinstance(items, list) else []
            following = page.get("nextCursor")
            if len(found) > _MOST_TOOLS or following == cursor:
                break
            if not isinstance(following, str) or not following:
                return found
            cursor = following
        return found[:_MOST_TOOLS]

    async def call(self, tool: str, arguments: Json, *, key: str | None, seconds: float
                   ) -> CallResult:  # fmt: skip
        """Call a tool; `key` lets the server recognise a repeat. Raises `ToolServerError`."""
        end = time.monotonic() + seconds
        params: Json = {"name": tool, "arguments": arguments}
        if key is not None:
            params["_meta"] = {_KEY: key}
        try:
            return _read_result(await self._ask("tools/call", params, end))
        except _Refused as refused:
            return CallResult(text=str(refused), failed=True)

    async def _ask(self, method: str, params: Json, end: float) -> Json:
        if self._meta:
            params = {**params, "_meta": {**self._meta, **params.get("_meta", {})}}
        message = request(next(self._numbers), method, params)
        answer = await self._line.ask(message, seconds=_left(end))
        error, result = answer.get("error"), answer.get("result")
        if isinstance(error, dict):
            words = str(cast(Json, error).get("message", ""))[:300]
            raise _Refused(clean_text(words) or "refused", code="mcp_refused")
        if not isinstance(result, dict):
            raise ToolServerError("an answer without a result", code="mcp_garbage")
        return cast(Json, result)


class _Refused(ToolServerError):
    """The server answered that it will not; the line is as good as before."""


def _left(end: float) -> float:
    return max(0.001, end - time.monotonic())


def _read_result(result: Json) -> CallResult:
    """Text of all its parts; what is no text is named, not taken."""
    content, data = result.get("content"), result.get("structuredContent")
    if not isinstance(content, list) and data is None:
        # Also what a server sends that wants more of us (a form, a password) before it answers.
        raise ToolServerError("it answers with something else than a result", code="mcp_asks")
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    text = "\n".join(_words(cast(Json, part)) for part in parts if isinstance(part, dict))
    if data is None:
        data = _json_in(text)
    elif not text.strip():
        text = json.dumps(data, ensure_ascii=False)
    return CallResult(text=clean_text(text), data=data, failed=result.get("isError") is True)


def _words(part: Json) -> str:
    if part.get("type") == "text":
        return str(part.get("text", ""))
    resource = part.get("resource")
    if isinstance(resource, dict) and isinstance(inner := cast(Json, resource).get("text"), str):
        return inner
    return f"[{str(part.get('type', 'part'))[:20]} left out]"


def _json_in(text: str) -> Any:
    try:
        return json.loads(text) if text.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        return None
