"""JSON-RPC as MCP speaks it: what we say, what we understand, and what we refuse.

Above: `session`, the lines. Below: json. Pure. A server may ask its client for things (a model's
answer, a form for the user, files); this one grants none of them.
"""

from __future__ import annotations

import json
from typing import Any, Protocol, cast

from core.errors import ToolServerError

Json = dict[str, Any]
LIST_CHANGED = "notifications/tools/list_changed"
# The revision of the protocol that knows no handshake.
UNSHAKEN = "2026-07-28"
_NO_SUCH_METHOD = -32601
# More requests of its own than this, and the server is not here to serve.
MOST_REFUSALS = 20


class Line(Protocol):
    """A connection to one server. Raises `ToolServerError` for everything that is no answer; then
    the line is not used again."""

    @property
    def changed(self) -> bool:
        """True once the server has said that its tools are others now."""
        ...

    def seen(self) -> None:
        """Its tools were looked at."""
        ...

    def speak(self, version: str) -> None:
        """The version of the protocol that both sides agreed on."""
        ...

    async def ask(self, message: Json, *, seconds: float) -> Json:
        """The message that answers this request."""
        ...

    async def tell(self, message: Json, *, seconds: float) -> None:
        """Say something that is not answered."""
        ...

    async def close(self) -> None:
        """Let go of it; a process ends."""
        ...


def request(number: int, method: str, params: Json) -> Json:
    """A request of ours."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Json | None = None) -> Json:
    """Something that is not answered."""
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}


def read_message(data: bytes) -> Json:
    """One message. Raises `ToolServerError` if it is none."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ToolServerError("the server sent what is no JSON", code="mcp_garbage") from error
    if not isinstance(found, dict):
        raise ToolServerError("the server sent no message", code="mcp_garbage")
    return cast(Json, found)


def answered(message: Json) -> int | None:
    """The number of the request that this answers."""
    number = message.get("id")
    answers = "method" not in message and ("result" in message or "error" in message)
    return number if answers and type(number) is int else None


def refuse(message: Json) -> Json | None:
    """What to say to a request of the server's; None if it is none. A ping is answered."""
    number, method = message.get("id"), message.get("method")
    if method is None or not isinstance(number, str | int):
        return None
    if method == "ping":
        return {"jsonrpc": "2.0", "id": number, "result": {}}
    error = {"code": _NO_SUCH_METHOD, "message": "this client does not do that"}
    return {"jsonrpc": "2.0", "id": number, "error": error}
