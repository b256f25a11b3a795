"""Socket Mode: several sockets to Slack, replaced before they end, each envelope acknowledged late.

Above: `adapter`. Below: aiohttp, `api`. An envelope is acknowledged when what it brought is stored;
what is not acknowledged Slack brings again. Slack's own client acknowledges when it likes, closes
the old socket before it opens the next one and starts tasks that nobody ends, so the sockets are
ours (README.md).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import aiohttp
import structlog
from pydantic import SecretStr

from channels.slack.api import Json, SlackApi, SlackRefused
from core.errors import ChannelError, RateLimited, SwitchboardError, TemporaryDeliveryError
from core.runtime import Backoff, TaskPool, end_tasks, sleep_until, spawn

_log = structlog.get_logger("slack")
_BACKOFF = Backoff(first=0.2, top=30.0)
_CONNECT_SECONDS = 10.0
_HEARTBEAT_SECONDS = 10.0
_MOST_BYTES = 4 * 1_048_576
# After its follower is up an old socket may bring what was on its way.
_OVERLAP_SECONDS = 20.0
_SHORT_SECONDS = 5.0
# All that waited for a socket is read at once, so that the oldest is among what is put in order.
_AT_ONCE = 1_000
_GATHER_SECONDS = 0.1
_GRACE_SECONDS = 3.0
# Takes what an envelope brought; returns when it is stored (or is nothing to us), with what Slack
# is to show for it.
Take = Callable[[Json], Awaitable[Json | None]]


class Sockets:
    """All sockets of one app."""

    def __init__(
        self, api: SlackApi, token: SecretStr, take: Take, *, count: int, silent_seconds: float
    ) -> None:
        self._api = api
        self._token = token
        self._take = take
        self._count = count
        self._silent = silent_seconds
        self._gather_until = 0.0

    async def run(self, ready: asyncio.Event) -> None:
        """Keep them open until cancelled. Raises `SlackRefused` when the token is no good."""
        tasks = [spawn(self._keep(ready), name=f"slack-socket-{n}") for n in range(self._count)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await end_tasks(*tasks)
        for task in tasks:
            task.result()

    async def _keep(self, ready: asyncio.Event) -> None:
        """One place among the sockets: always open, save when Slack cannot be reached."""
        leaving: set[asyncio.Task[None]] = set()
        failures = 0
        try:
            while True:
                began = asyncio.get_running_loop().time()
                pause = 0.0
                try:
                    socket = await self._connect()
                    self._gather_until = asyncio.get_running_loop().time() + _GATHER_SECONDS
                    ready.set()
                    await self._serve(socket, leaving)
                except SlackRefused:
                    raise
                except RateLimited as error:
                    pause = error.retry_after_seconds
                except ChannelError as error:
                    _log.warning("slack_socket_failed", error=str(error))
                # One that ended at once is as good as none.
                lasted = asyncio.get_running_loop().time() - began
                failures = 0 if lasted > _SHORT_SECONDS else failures + 1
                await asyncio.sleep(max(pause, _BACKOFF.pause(max(failures - 1, 0))))
        finally:
            await end_tasks(*leaving)

    async def _serve(
        self, socket: aiohttp.ClientWebSocketResponse, leaving: set[asyncio.Task[None]]
    ) -> None:
        """Until the socket ends or should be replaced; then it is read on beside the next one."""
        replace = asyncio.Event()
        task = spawn(self._read(socket, replace), name="slack-socket-read")
        task.add_done_callback(lambda _: replace.set())
        leaving.add(task)
        task.add_done_callback(leaving.discard)
        await replace.wait()

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        answer = await self._api.call("apps.connections.open", token=self._token)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._api.session.ws_connect(
                    str(answer["url"]), heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MOST_BYTES
                )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TemporaryDeliveryError(f"the socket: {type(error).__name__}") from None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, replace: asyncio.Event) -> None:
        """Every envelope of one socket. Silence for too long asks for a new one: a socket may live
        and still bring nothing."""
        async with _pool(socket) as pool:
            while not socket.closed:
                try:
                    async with asyncio.timeout(self._patience(replace)):
                        message = await socket.receive()
                except TimeoutError:
                    if replace.is_set():
                        return
                    _log.info("slack_socket_silent", seconds=self._silent)
                    replace.set()
                    continue
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                frame = _parse(message.data)
                if frame.get("type") == "disconnect":
                    _log.info("slack_socket_leaves", reason=str(frame.get("reason"))[:40])
                    replace.set()
                elif isinstance(frame.get("envelope_id"), str):
                    await pool.start(self._answer(socket, frame))

    def _patience(self, replace: asyncio.Event) -> float:
        return _OVERLAP_SECONDS if replace.is_set() else self._silent

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, frame: Json) -> None:
        """Store, then acknowledge. No acknowledgement is an answer too: bring it again.

        What was said while no socket was open comes all at once, over whichever opens, and new
        words overtake it: it is gathered for a moment before it is put in order.
        """
        await asyncio.sleep(max(0.0, self._gather_until - asyncio.get_running_loop().time()))
        payload, shown = frame.get("payload"), None
        try:
            if isinstance(payload, dict):
                shown = await self._take(cast("Json", payload))
        except SwitchboardError as error:
            _log.warning("slack_envelope_refused", error=str(error))
            return
        with suppress(ConnectionError, RuntimeError):  # it is gone: Slack brings the envelope again
            answer = {"envelope_id": frame["envelope_id"]}
            await socket.send_str(json.dumps(answer | ({"payload": shown} if shown else {})))


@asynccontextmanager
async def _pool(socket: aiohttp.ClientWebSocketResponse) -> AsyncGenerator[TaskPool]:
    """Work on one socket's envelopes; what is begun is finished before the socket is closed."""
    pool = TaskPool("slack-envelope", limit=_AT_ONCE)
    try:
        yield pool
    finally:
        await pool.drain(_GRACE_SECONDS)
        with suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await socket.close()


def _parse(text: Any) -> Json:
    try:
        frame: Any = json.loads(text)
    except (ValueError, RecursionError):
        _log.warning("slack_frame_unread")
        return {}
    return cast("Json", frame) if isinstance(frame, dict) else {}


async def wait_forever() -> None:
    """For an account whose platform comes to us."""
    while not await sleep_until(asyncio.Event(), 3600):
        pass
