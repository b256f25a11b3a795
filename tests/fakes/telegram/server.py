"""The emulated Bot API server: calls over HTTP, updates by long polling or webhook.

As the real one: an update waits until a later question confirms it, or the webhook says 2xx; the
next update of a chat waits for the one before. Every call is held to the schema; what breaks it is
refused and noted in `violations`.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.telegram.faults import Fault, Faults
from tests.fakes.telegram.methods import METHODS, Answer, ApiError
from tests.fakes.telegram.schema import Violation, check_call
from tests.fakes.telegram.space import Bot, Json, Space

TOKEN = "123456:AAtestTokenOfTheEmulatedTelegramXYZ"
_KINDS = frozenset({"message", "edited_message", "callback_query", "channel_post", "poll",
                    "my_chat_member", "message_reaction"})  # fmt: skip
_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


class TelegramServer:
    """An async context: serves from the beginning of the block to its end."""

    def __init__(self, *tokens: str, has_drafts: bool = True) -> None:
        self.bots = {token: Bot(token) for token in tokens or (TOKEN,)}
        self.space = Space()
        self.faults = Faults()
        self.has_drafts = has_drafts
        self.calls: list[tuple[str, Json]] = []
        self.violations: list[str] = []
        self.holding = False
        self.url = ""
        self._news = asyncio.Condition()
        self._busy: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._polls: dict[str, object] = {}

    @property
    def bot(self) -> Bot:
        """The first one."""
        return next(iter(self.bots.values()))

    async def __aenter__(self) -> TelegramServer:
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{number}", self._serve_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert self._runner.addresses
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
        await self._client.close()
        await self._runner.cleanup()

    # ---- updates out

    async def tell(self, kind: str, content: Json, bot: Bot | None = None) -> Json:
        """Something happens that the bot must hear of."""
        update = (bot or self.bot).add(kind, content)
        await self.wake()
        return update

    async def again(self, *updates: Json, bot: Bot | None = None) -> None:
        """Updates as they stand, whatever they are: repeats, low numbers, nonsense."""
        (bot or self.bot).queue.extend(updates)
        await self.wake()

    async def shuffle(self, bot: Bot | None = None) -> None:
        """The waiting updates in reverse order."""
        (bot or self.bot).queue.reverse()
        await self.wake()

    async def hold(self, holding: bool) -> None:
        """Nothing is delivered while held."""
        self.holding = holding
        await self.wake()

    async def wake(self) -> None:
        """Deliver what waits, now."""
        async with self._news:
            self._news.notify_all()
        for bot in self.bots.values():
            if bot.webhook.get("url"):
                self._push(bot)

    def cut(self) -> None:
        """All open connections break."""
        server = self._runner.server
        assert server is not None
        for handler in list(server.connections):
            if handler.transport is not None:
                handler.transport.abort()

    def _push(self, bot: Bot) -> None:
        for update in [] if self.holding else list(bot.queue):
            chat = _chat_of(update)
            if (bot.token, chat) not in self._busy:
                self._busy.add((bot.token, chat))
                task = asyncio.create_task(self._push_chat(bot, chat))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _push_chat(self, bot: Bot, chat: int) -> None:
        """The updates of one chat, each after the one before was taken."""
        failures = 0
        try:
            while not self.holding and bot.webhook.get("url"):
                update = next((one for one in bot.queue if _chat_of(one) == chat), None)
                if update is None:
                    return
                if await self._post(bot, update):
                    failures = 0
                    if update in bot.queue:
                        bot.queue.remove(update)
                    continue
                pause = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
                failures += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause), self._news:
                        await self._news.wait()
        finally:
            self._busy.discard((bot.token, chat))

    async def _post(self, bot: Bot, update: Json) -> bool:
        headers = {}
        if secret := bot.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        try:
            async with self._client.post(bot.webhook["url"], json=update, headers=headers) as got:
                if got.status // 100 == 2:
                    return True
                bot.last_error = (0, f"Wrong response from the webhook: {got.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            bot.last_error = (0, type(error).__name__)
        return False

    # ---- calls in

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        bot = self.bots.get(request.match_info["token"])
        if bot is None:
            return _no(401, "Unauthorized")
        try:
            fields = check_call(method, await _read(request))
        except Violation as error:
            self.violations.append(str(error))
            return _no(400, f"Bad Request: {error}")
        self.calls.append((method, fields))
        fault = self.faults.next(method, fields)
        if fault is not None and (refused := await self._go_wrong(request, fault)) is not None:
            return refused
        try:
            result = await self._do(bot, method, fields)
        except ApiError as error:
            return _no(error.status, error.description, error.parameters)
        if fault is not None and fault.kind == "lose":
            return _cut(request)
        return web.json_response({"ok": True, "result": result})

    async def _go_wrong(self, request: web.Request, fault: Fault) -> web.Response | None:
        """None: it is done all the same."""
        match fault.kind:
            case "limit":
                text = f"Too Many Requests: retry after {fault.seconds:g}"
                return _no(429, text, {"retry_after": max(1, round(fault.seconds))})
            case "break":
                return _no(500, "Internal Server Error")
            case "gateway":
                return web.Response(status=502, text="<html>502 Bad Gateway</html>")
            case "refuse":
                return _no(fault.status, fault.description)
            case "migrate":
                text = "Bad Request: group chat was upgraded to a supergroup chat"
                return _no(400, text, {"migrate_to_chat_id": fault.to})
            case "cut":
                return _cut(request)
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "lose":
                pass  # done first, cut later
        return None

    async def _do(self, bot: Bot, method: str, fields: Json) -> Any:
        if method == "getUpdates":
            return await self._get_updates(bot, fields)
        if method == "setWebhook":
            bot.webhook = {name: value for name, value in fields.items() if value}
            await self.wake()
            return True
        do = METHODS.get(method)
        if do is None or (method == "sendMessageDraft" and not self.has_drafts):
            raise ApiError(404, "Not Found: method not found")
        return do(Answer(bot, self.space, fields))

    async def _get_updates(self, bot: Bot, fields: Json) -> list[Json]:
        if bot.webhook.get("url"):
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active; "
                                "use deleteWebhook to delete the webhook first")  # fmt: skip
        bot.polls += 1
        mine = self._polls[bot.token] = object()
        async with self._news:
            self._news.notify_all()
        if (offset := fields.get("offset")) is not None:
            bot.queue[:] = [one for one in bot.queue if _number(one) >= offset]
        allowed = fields.get("allowed_updates")
        with suppress(TimeoutError):
            async with asyncio.timeout(fields.get("timeout", 0) or 0.001), self._news:
                await self._news.wait_for(
                    lambda: self._polls[bot.token] is not mine or (bot.queue and not self.holding)
                )
        if self._polls[bot.token] is not mine:
            raise ApiError(409, "Conflict: terminated by other getUpdates request; make sure "
                                "that only one bot instance is running")  # fmt: skip
        if self.holding:
            return []
        if allowed:
            bot.queue[:] = [one for one in bot.queue if _wanted(one, allowed)]
        return bot.queue[: fields.get("limit", 100)]

    async def _serve_file(self, request: web.Request) -> web.Response:
        found = self.space.files.get(request.match_info["number"])
        if found is None or request.match_info["token"] not in self.bots:
            return web.Response(status=404)
        return web.Response(body=found.content)


def _wanted(update: Any, allowed: list[str]) -> bool:
    kinds = set(update) - {"update_id"} if isinstance(update, dict) else set()
    known = kinds & _KINDS
    return not known or bool(known & set(allowed))


def _number(update: Any) -> int:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else 0


def _chat_of(update: Any) -> int:
    """The chat whose queue it stands in; nonsense stands in a queue of its own."""
    found: Any = update
    for kind in ("message", "edited_message"):
        if isinstance(update, dict) and kind in update:
            found = update[kind]
    if isinstance(update, dict) and isinstance(update.get("callback_query"), dict):
        found = update["callback_query"].get("message")
    chat = found.get("chat") if isinstance(found, dict) else None
    number = chat.get("id") if isinstance(chat, dict) else None
    return number if isinstance(number, int) else 0


async def _read(request: web.Request) -> Json:
    """The fields of a form; `attach://` fields become the bytes of their file."""
    fields: Json = {}
    files: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value
        elif isinstance(value, str):
            fields[name] = value
    for name, value in list(fields.items()):
        if value.startswith("attach://"):
            upload = files.pop(value.removeprefix("attach://"))
            fields[name] = Upload(upload.file.read(), upload.filename)
    return fields


class Upload(bytes):
    """The bytes of an uploaded file, with its name."""

    filename: str

    def __new__(cls, content: bytes, filename: str) -> Upload:
        made = super().__new__(cls, content)
        made.filename = filename
        return made


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _no(status: int, description: str, parameters: Json | None = None) -> web.Response:
    body: Json = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")
