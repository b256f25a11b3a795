"""Talking to a running gateway over its HTTP API, as the commands do.

Above: `commands.*`, `chat`. Below: aiohttp's client, `data_folder`. A gateway is found by `--url`
and `--token`, else `SWITCHBOARD_URL` and `SWITCHBOARD_TOKEN`, else by the data folder.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from config.settings import Settings
from core.errors import InputError, SwitchboardError
from switchboard.data_folder import DataFolder

API = "/api/v1"
_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5, sock_connect=5)
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=5, sock_connect=5)


class GatewayUnreachable(SwitchboardError):
    """No gateway answers where one should be."""

    code = "gateway_unreachable"


@dataclass(frozen=True)
class Whereabouts:
    """Where a gateway is, and the token that opens it."""

    url: str
    token: str | None


@dataclass(frozen=True)
class ServerEvent:
    """One event of a server-sent stream."""

    kind: str
    id: str
    data: Any


def find_gateway(settings: Settings, *, url: str | None, token: str | None) -> Whereabouts | None:
    """The gateway these options, this environment or this data folder name; None: none runs."""
    set_token = token or (settings.token.get_secret_value() if settings.token else None)
    note = DataFolder(settings.data).find_gateway()
    named = url or settings.url
    if named:
        named = named.rstrip("/")
        kept = note.admin_token if note and note.url.rstrip("/") == named else None
        return Whereabouts(named, set_token or kept)
    return Whereabouts(note.url.rstrip("/"), set_token or note.admin_token) if note else None


def require_gateway(settings: Settings, *, url: str | None, token: str | None) -> Whereabouts:
    """As `find_gateway`. Raises `GatewayUnreachable`, with the mend, if none runs."""
    place = find_gateway(settings, url=url, token=token)
    if place is None:
        raise GatewayUnreachable(
            "no gateway runs on this data folder: start one with `switchboard up`, or name one "
            "with --url"
        )
    return place


class GatewayClient:
    """Calls of the API. Raises `SwitchboardError` with the server's own words."""

    def __init__(self, session: aiohttp.ClientSession, place: Whereabouts) -> None:
        self._session = session
        self._place = place

    async def call(
        self, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> Any:  # fmt: skip
        """One call; gives the JSON of the answer, or None if there is none."""
        given = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            async with self._session.request(
                method, self._place.url + API + path, json=body, params=given,
                headers=self._headers(token), timeout=_TIMEOUT,
            ) as response:  # fmt: skip
                return _unwrap(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def stream(
        self, path: str, *, token: str, after: int = 0
    ) -> AsyncGenerator[AsyncIterator[ServerEvent]]:
        """The server-sent events of `path`, from the entry after sequence `after`."""
        headers = self._headers(token) | {"Last-Event-ID": str(after)}
        headers["Accept"] = "text/event-stream"
        try:
            async with self._session.get(
                self._place.url + API + path, headers=headers, timeout=_STREAM_TIMEOUT
            ) as response:
                if response.status != 200:
                    _unwrap(response.status, await response.read())
                yield _read_events(response.content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error

    def _headers(self, token: str | None) -> dict[str, str]:
        token = token or self._place.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _unreachable(self, error: BaseException) -> GatewayUnreachable:
        return GatewayUnreachable(
            f"no gateway answers at {self._place.url} ({type(error).__name__}): start one with "
            "`switchboard up`, or name it with --url"
        )


@asynccontextmanager
async def open_gateway(place: Whereabouts) -> AsyncGenerator[GatewayClient]:
    """A client for the gateway at `place`."""
    async with aiohttp.ClientSession() as session:
        yield GatewayClient(session, place)


def _unwrap(status: int, raw: bytes) -> Any:
    try:
        answer: Any = json.loads(raw) if raw else None
    except ValueError:
        answer = None
    if status < 400:
        return answer
    problem = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    words = problem.get("detail") or problem.get("title") or f"the gateway answered {status}"
    raise InputError(str(words), code=str(problem.get("code") or status))


async def _read_events(content: aiohttp.StreamReader) -> AsyncIterator[ServerEvent]:
    fields: dict[str, list[str]] = {}
    async for raw in content:
        line = raw.decode(errors="replace").rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if data := "\n".join(fields.get("data", ())):
            kind = fields.get("event", ["message"])[-1]
            yield ServerEvent(kind, fields.get("id", [""])[-1], json.loads(data))
        fields = {}
