"""Lines to MCP servers: over HTTP with the egress guard, or to a child with a bare environment.

Above: `mcp_client`. Below: aiohttp, `channels.egress`, `core.specialists.mcp`. An answer is read up
to a size and within a deadline; a redirect that leaves the server is refused, because what we ask
goes to the address that the operator named and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson

from channels.egress import Egress
from config.settings import read_named
from core.errors import InputError, ToolServerError
from core.specialists.mcp.files import ServerSpec
from core.specialists.mcp.messages import (
    LIST_CHANGED,
    MOST_REFUSALS,
    Json,
    Line,
    answered,
    read_message,
    refuse,
)
from core.specialists.mcp.stdio import StdioLine

_HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
_MOST_REDIRECTS = 3
_SAME_METHOD = frozenset({307, 308})
_GOODBYE_SECONDS = 1.0
# Beside the result itself: the frame around it, and notes of progress.
_AROUND = 65_536


async def open_line(name: str, spec: ServerSpec) -> Line:
    """A line to this server. Raises `ToolServerError`."""
    if spec.command:
        environment = read_named((*_HARMLESS, *spec.environment))
        return await StdioLine.open(
            spec.command, environment, most_bytes=spec.result_bytes + _AROUND
        )
    token = read_named([spec.token_env]).get(spec.token_env) if spec.token_env else None
    if spec.token_env and token is None:
        raise ToolServerError(f"{spec.token_env} is not set", code="mcp_denied")
    return await HttpLine.open(spec, token)


class HttpLine:
    """Implements `Line` over streamable HTTP: each request is one POST."""

    def __init__(self, url: str, session: aiohttp.ClientSession, most: int) -> None:
        self._url = url
        self._session = session
        self._most = most
        self._headers: dict[str, str] = {}
        self._changed = False
        self._refused = 0

    @classmethod
    async def open(cls, spec: ServerSpec, token: str | None) -> HttpLine:
        """Nothing is sent yet. Raises `ToolServerError` if nothing may be."""
        url = spec.url or ""
        host = urlsplit(url).hostname or ""
        egress = Egress([host] if spec.private else ())
        await _check(egress, url, host)
        headers = {
            "Accept": "application/json, text/event-stream", "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }  # fmt: skip
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=egress.resolver()), headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False,
        )  # fmt: skip
        return cls(url, session, spec.result_bytes + _AROUND)

    @property
    def changed(self) -> bool:
        """See `Line`."""
        return self._changed

    def seen(self) -> None:
        """See `Line`."""
        self._changed = False

    def speak(self, version: str) -> None:
        """See `Line`: every request names it from now on."""
        self._headers["MCP-Protocol-Version"] = version

    async def ask(self, message: Json, *, seconds: float) -> Json:
        """See `Line`."""
        try:
            async with asyncio.timeout(seconds):
                response = await self._post(message)
                async with response:
                    return await self._answer(response, message["id"])
        except TimeoutError as late:
            raise ToolServerError("no answer in time", code="mcp_timeout") from late
        except (aiohttp.ClientError, OSError) as error:
            words = f"it does not answer: {type(error).__name__}"
            raise ToolServerError(words, code="mcp_unreachable") from error

    async def tell(self, message: Json, *, seconds: float) -> None:
        """See `Line`."""
        try:
            async with asyncio.timeout(seconds), await self._post(message):
                return
        except TimeoutError as late:
            raise ToolServerError("it does not listen", code="mcp_timeout") from late
        except (aiohttp.ClientError, OSError) as error:
            words = f"it does not answer: {type(error).__name__}"
            raise ToolServerError(words, code="mcp_unreachable") from error

    async def close(self) -> None:
        """See `Line`: the server is told that its session is over."""
        if "Mcp-Session-Id" in self._headers:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with (
                    asyncio.timeout(_GOODBYE_SECONDS),
                    self._session.delete(self._url, headers=self._headers, allow_redirects=False),
                ):
                    pass
        await self._session.close()

    async def _post(self, message: Json) -> aiohttp.ClientResponse:
        """The response to it, behind redirects that stay with the server."""
        url = self._url
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._session.post(
                url, data=orjson.dumps(message), headers=self._headers | _routing(message),
                allow_redirects=False,
            )  # fmt: skip
            if not 300 <= response.status < 400:
                return self._checked(response)
            target = urljoin(url, response.headers.get("Location", ""))
            response.release()
            if response.status not in _SAME_METHOD or _origin(target) != _origin(self._url):
                raise ToolServerError("it sends us elsewhere", code="mcp_redirect")
            url = target
        raise ToolServerError("it sends us round and round", code="mcp_redirect")

    def _checked(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """The same, if it is an answer at all."""
        if (given := response.headers.get("Mcp-Session-Id")) and len(given) <= 256:
            self._headers["Mcp-Session-Id"] = given
        code = None
        if response.status in {401, 403}:
            code = "mcp_denied"
        elif response.status == 404:
            code = "mcp_session"
        elif response.status >= 300 and response.status != 400:
            code = "mcp_http"
        elif response.headers.get("Content-Encoding", "identity") != "identity":
            code = "mcp_garbage"
        if code is not None:
            response.release()
            raise ToolServerError(f"it answered {response.status}", code=code)
        return response

    async def _answer(self, response: aiohttp.ClientResponse, number: int) -> Json:
        if response.content_type == "text/event-stream":
            events = _events(response, self._most)
        else:
            events = _whole(response, self._most)
        async with aclosing(events) as messages:
            async for data in messages:
                message = read_message(data)
                if answered(message) == number or _is_refusal(response, message):
                    return message
                await self._take(message)
        raise ToolServerError("it ended without an answer", code="mcp_cut")

    async def _take(self, message: Json) -> None:
        """What it says beside the answer."""
        self._changed = self._changed or message.get("method") == LIST_CHANGED
        if (refusal := refuse(message)) is not None:
            self._refused += 1
            if self._refused > MOST_REFUSALS:
                raise ToolServerError("it asks for too much", code="mcp_asks")
            await self.tell(refusal, seconds=_GOODBYE_SECONDS)


def _routing(message: Json) -> dict[str, str]:
    """What the revision without a handshake wants to see beside the body; others pass it over."""
    method, name = message.get("method"), message.get("params", {}).get("name")
    routing = {"Mcp-Method": str(method)} if method else {}
    return routing | ({"Mcp-Name": name} if isinstance(name, str) else {})


async def _check(egress: Egress, url: str, host: str) -> None:
    """Names are looked at again with each connection, by the resolver of the connector."""
    if not egress.may_connect(host):
        raise ToolServerError("its address is not one we go to", code="mcp_egress")
    try:
        await egress.check(url)
    except InputError as error:
        raise ToolServerError(str(error), code="mcp_egress") from error


async def _whole(response: aiohttp.ClientResponse, most: int) -> AsyncGenerator[bytes, None]:
    """The body, as far as it may be long."""
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > most:
            raise ToolServerError("a result beyond the size limit", code="mcp_too_large")
    if data:
        yield bytes(data)


async def _events(response: aiohttp.ClientResponse, most: int) -> AsyncGenerator[bytes, None]:
    """The data of server-sent events; all of them together are as long as an answer may be."""
    rest, total = b"", 0
    data: list[bytes] = []
    async for piece in response.content.iter_any():
        total += len(piece)
        if total > most:
            raise ToolServerError("it sends without end", code="mcp_too_large")
        *lines, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" "))
            elif not line and any(data):
                yield b"\n".join(data)
                data = []
            elif not line:
                data = []


def _is_refusal(response: aiohttp.ClientResponse, message: Json) -> bool:
    """A bad request is answered with an error that may name no request."""
    return response.status == 400 and isinstance(message.get("error"), dict)


def _origin(url: str) -> tuple[Any, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
