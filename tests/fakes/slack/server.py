"""The emulator: a workspace with one app, people who write in it, and what the app does.

Use as an async context; it listens on loopback. `url` is what SLACK_API_URL takes. What people do
(`say`, `edit`, `take_back`, `press`, `command`) is told by the doors that are on (`doors`).
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Literal

import aiohttp
from aiohttp import web

from tests.fakes.slack import payloads
from tests.fakes.slack.desk_methods import SCOPES, DeskMethods
from tests.fakes.slack.deskwork import Deskwork
from tests.fakes.slack.faults import Fault, Faults
from tests.fakes.slack.methods import Methods, Refusal
from tests.fakes.slack.telling import ANSWER_SECONDS, PAUSES, HttpDoor, Kind, SocketDoor, Told
from tests.fakes.slack.workspace import BOT_USER, Channel, Workspace

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-test-bot", "xapp-test-app", "8f742231b10e8888abcd99yyyzzz85a5"
Door = Literal["socket", "http"]


class SlackServer:
    """See the module."""

    def __init__(self, *, doors: tuple[Door, ...] = ("socket",), scale: float = 0.001) -> None:
        self.space = Workspace()
        self.faults = Faults()
        self.methods = Methods(self.space)
        self.desk = DeskMethods(self.methods, self.space)
        self.methods.table |= self.desk.table
        self.methods.scopes |= SCOPES
        self.work = Deskwork(self)
        self.sockets = SocketDoor(self.faults)
        self.http = HttpDoor(SECRET)
        self.doors = doors
        self.scale = scale
        self.answer_seconds = ANSWER_SECONDS
        self.per_second: float | None = None
        # Files that anybody may look at: the pictures of people.
        self.public: set[str] = set()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.call_times: list[tuple[float, str, str]] = []
        self.told: list[Told] = []
        self._posted_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Told] = []
        self.url = ""

    async def __aenter__(self) -> SlackServer:
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/api/{method}", self._serve_method)
        app.router.add_post("/upload/{file}", self._serve_upload)
        app.router.add_get("/files/{file}/{rest:.*}", self._serve_file)
        app.router.add_get("/link", self.sockets.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        base = f"http://127.0.0.1:{port}"
        self.url = f"{base}/api/"
        self.methods.files_url, self.methods.upload_url = f"{base}/files/", f"{base}/upload/"
        self.methods.socket_url = f"ws://127.0.0.1:{port}/link?ticket=1"
        self.http.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self.sockets.open):
            await socket.close()
        assert self.http.session is not None
        await self.http.session.close()
        await self._runner.cleanup()

    # ---- what people do ------------------------------------------------------------------------

    def direct(self, user: str) -> Channel:
        """The direct messages with a person."""
        return self.space.direct(user)

    def say(
        self, channel: Channel, text: str, *, user: str = "U0CUST001", thread: str | None = None,
        files: list[tuple[str, bytes, str]] | None = None, **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Somebody writes; gives the message."""
        shown = [
            payloads.file_fields(self.space.add_file(*one), self.methods.files_url)
            for one in files or []
        ]
        message = self.space.add_message(
            channel, user=user, text=text, thread_ts=thread, files=shown or None,
            subtype="file_share" if shown else None, **more,
        )  # fmt: skip
        self.tell("events_api", payloads.callback(payloads.message_event(channel, message)))
        if f"<@{BOT_USER}" in text and channel.kind != "im":
            self.tell("events_api", payloads.callback(payloads.mention_event(channel, message)))
        return message

    def edit(self, channel: Channel, message: dict[str, Any], text: str) -> dict[str, Any]:
        """The author changes the words."""
        before, ts = dict(message), self.space.next_ts()
        message.update(text=text, edited={"user": message["user"], "ts": ts})
        event = payloads.changed_event(channel, dict(message), before, ts)
        self.tell("events_api", payloads.callback(event))
        return message

    def take_back(self, channel: Channel, message: dict[str, Any]) -> None:
        """The author removes the message."""
        channel.messages.remove(message)
        event = payloads.deleted_event(channel, message, self.space.next_ts())
        self.tell("events_api", payloads.callback(event))

    def press(
        self, channel: Channel, message: dict[str, Any], number: int = 0, *, user: str = "U0CUST001"
    ) -> dict[str, Any]:
        """Somebody presses a button under a message."""
        block = next(one for one in message["blocks"] if one["type"] == "actions")
        payload = payloads.press(
            channel, message, block, block["elements"][number], user=user,
            ts=self.space.next_ts(), api=self.url,
        )  # fmt: skip
        self.tell("interactive", payload)
        return payload

    def command(self, channel: Channel, name: str, text: str, *, user: str = "U0CUST001") -> None:
        """Somebody gives a slash command."""
        payload = payloads.command(channel, name, text, user=user, api=self.url)
        self.tell("slash_commands", payload)

    def posted(self, channel: Channel) -> list[dict[str, Any]]:
        """What the app has written there, oldest first."""
        return [one for one in channel.messages if one.get("user") == BOT_USER]

    # ---- how it is told ------------------------------------------------------------------------

    def tell(self, kind: Kind, payload: dict[str, Any]) -> None:
        """Tell it by every door that is on, with what was planned to go wrong."""
        for door in self.doors:
            times = 1
            if self.faults.duplicate > 0:
                self.faults.duplicate -= 1
                times = 2
            for _ in range(times):
                self._tell(Told(kind, payload, door))

    def _tell(self, told: Told) -> None:
        self.told.append(told)
        if self.faults.reorder > 0:
            self.faults.reorder -= 1
            self._held.append(told)
            return
        for one in [told, *self._held]:
            task = asyncio.get_running_loop().create_task(self._insist(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._held.clear()

    async def _insist(self, told: Told) -> None:
        """At once, and then as often as Slack does."""
        tell = self.http.tell if told.door == "http" else self.sockets.tell
        for pause in (0.0, *PAUSES):
            await asyncio.sleep(pause * self.scale + self.faults.delay_seconds)
            told.tries += 1
            if self.faults.drop > 0:
                self.faults.drop -= 1
                told.answers.append("dropped")
                continue
            began = time.monotonic()
            if await tell(told, self.answer_seconds):
                told.seconds, told.done = time.monotonic() - began, True
                return

    def unanswered(self) -> list[Told]:
        """What Slack was never told to have arrived."""
        return [one for one in self.told if not one.done]

    # ---- the Web API ---------------------------------------------------------------------------

    async def _serve_method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        args = await _read_args(request)
        self.calls.append((method, args))
        self.call_times.append((time.monotonic(), method, str(args.get("channel", ""))))
        fault = self.faults.take(method)
        if fault is not None:
            return await self._fail(fault, request, method, args)
        return self._answer(request, method, args)

    def _answer(self, request: web.Request, method: str, args: dict[str, Any]) -> web.Response:
        call = self.methods.table.get(method)
        if call is None:
            return web.json_response({"ok": False, "error": "unknown_method"})
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.methods.ended is not None:
            return web.json_response({"ok": False, "error": self.methods.ended})
        if given != wanted:
            error = "not_authed" if not given else "invalid_auth"
            return web.json_response({"ok": False, "error": error})
        if method == "chat.postMessage" and (wait := self._too_fast(str(args.get("channel")))):
            return _limited(wait)
        try:
            headers = {"X-OAuth-Scopes": ",".join(sorted(self.methods.scopes))}
            return web.json_response({"ok": True, **call(args)}, headers=headers)
        except Refusal as refusal:
            return web.json_response(refusal.fields)

    def _too_fast(self, channel: str) -> float:
        """The rate of one channel, if there is one."""
        if self.per_second is None:
            return 0.0
        now, gap = time.monotonic(), 0.9 / self.per_second
        if now - self._posted_at.get(channel, -1e9) < gap:
            return 1.0
        self._posted_at[channel] = now
        return 0.0

    async def _fail(
        self, fault: Fault, request: web.Request, method: str, args: dict[str, Any]
    ) -> web.StreamResponse:
        if fault.kind == "refuse":
            return web.json_response({"ok": False, "error": fault.error})
        if fault.kind == "limit":
            return _limited(fault.retry_after)
        if fault.kind == "break":
            return web.Response(status=fault.status, text="<html>upstream</html>")
        if fault.kind == "hang":
            await asyncio.sleep(3600)
        if fault.kind == "lose":
            self._answer(request, method, args)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _serve_upload(self, request: web.Request) -> web.Response:
        file = self.space.files[request.match_info["file"]]
        content = await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text="wrong length")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def _serve_file(self, request: web.Request) -> web.Response:
        file = self.space.files.get(request.match_info["file"])
        if file is not None and file.id in self.public:
            return web.Response(body=file.content, content_type=file.media_type)
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}" or (
            "files:read" not in self.methods.scopes
        ):
            raise web.HTTPFound("https://example.slack.com/?redir=files")
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.media_type)


def _limited(seconds: float) -> web.Response:
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=429, headers={"Retry-After": f"{seconds:g}"})


async def _read_args(request: web.Request) -> dict[str, Any]:
    """The arguments of a call: query, form or JSON."""
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        args |= json.loads(await request.read() or b"{}")
    else:
        args |= dict(await request.post())
    for name in ("blocks", "metadata", "files", "view"):
        if isinstance(args.get(name), str):
            args[name] = json.loads(args[name])
    return args
