"""Telegram's rigs: polling and webhook. Above: `test_channels`. Below: the emulated Bot API."""

from __future__ import annotations

import copy
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from channels.base import Capabilities, House
from channels.telegram.adapter import TelegramAdapter, build
from channels.telegram.encode import CAPABILITIES
from channels.telegram.settings import TelegramSettings
from tests.contract.channel_rig import File, Noise, NotOnThisWire, SendFault, Shown
from tests.fakes.telegram.faults import BLOCKED, Fault
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.fakes.telegram.space import Bot, Chat, Json
from tests.fakes.waiting import until

_HOOK_SECRET = "hook-secret-of-the-contract"
_STICKER = {
    "file_id": "s1", "file_unique_id": "us1", "type": "regular", "width": 64, "height": 64,
    "is_animated": False, "is_video": False,
}  # fmt: skip


class Forwarding(TelegramServer):
    """Reaches the webhook's path at the door of this run, whatever public name it was given."""

    door = ""

    async def _post(self, bot: Bot, update: Json) -> bool:
        stand = copy.copy(bot)
        stand.webhook = {**bot.webhook, "url": self.door + urlsplit(bot.webhook["url"]).path}
        return await super()._post(stand, update)


class TelegramRig:
    """See `channel_rig.ChannelRig`."""

    channel = "telegram"
    capabilities: Capabilities = CAPABILITIES
    exempt: Mapping[str, str] = {
        "in:delete": "Telegram does not tell bots of messages that are taken back",
        "out:unsure-once": "Telegram has neither a key against doubles nor a way to ask",
    }
    secrets: tuple[str, ...] = (TOKEN, TOKEN.partition(":")[2], _HOOK_SECRET)

    def __init__(self, server: TelegramServer, *, webhook: bool) -> None:
        self._server = server
        self._webhook = webhook
        self._people: dict[str, int] = {}
        self._last: Json = {}

    def make_adapter(self, house: House) -> TelegramAdapter:
        way = {"webhook_url": "https://gateway.example", "webhook_secret": SecretStr(_HOOK_SECRET)}
        settings = TelegramSettings.model_validate(
            {"bot_token": SecretStr(TOKEN), "api_url": self._server.url, "poll_seconds": 1,
             "chat_messages_per_second": 1000.0, "messages_per_second": 1000.0,
             **(way if self._webhook else {})}
        )  # fmt: skip
        (adapter,) = build(settings, house)
        return adapter

    def environ(self) -> dict[str, str]:
        """How a process of its own is told of this platform."""
        way = {"TELEGRAM_WEBHOOK_URL": "https://gateway.example",
               "TELEGRAM_WEBHOOK_SECRET": _HOOK_SECRET}  # fmt: skip
        return {
            "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": self._server.url,
            "SWITCHBOARD_TELEGRAM__POLL_SECONDS": "1",
            "SWITCHBOARD_TELEGRAM__CHAT_MESSAGES_PER_SECOND": "1000",
            "SWITCHBOARD_TELEGRAM__MESSAGES_PER_SECOND": "1000", **(way if self._webhook else {}),
        }  # fmt: skip

    def opened_at(self, url: str) -> None:
        assert isinstance(self._server, Forwarding)
        self._server.door = url

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        content: Json = {"text": text}
        for file in files:
            number = self._server.space.put_file(
                file.content, name=file.name, media_type=file.media_type
            )
            document = {"file_id": number, "file_unique_id": f"u{number}", "file_name": file.name,
                        "mime_type": file.media_type, "file_size": len(file.content)}  # fmt: skip
            content = {"caption": text, "document": document}
        if reply_to is not None:
            content["reply_to_message"] = self._chat(who).find(int(reply_to))
        message = self._server.space.write(self._chat(who), self._person(who), **content)
        await self._tell("message", message)
        return str(message["message_id"])

    async def edits(self, who: str, message: str, text: str) -> None:
        found = self._chat(who).find(int(message))
        assert found is not None
        found |= {"text": text, "edit_date": int(time.time())}
        await self._tell("edited_message", dict(found))

    async def deletes(self, who: str, message: str) -> None:
        raise NotOnThisWire(self.exempt["in:delete"])

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        message = self._chat(who).find(int(shown.id))
        assert message is not None
        rows: list[list[Json]] = message["reply_markup"]["inline_keyboard"]
        (data,) = [key["callback_data"] for row in rows for key in row if key["text"] == label]
        query = {"id": self._server.space.query_id(), "from": self._person(who),
                 "message": message, "chat_instance": "1", "data": data}  # fmt: skip
        await self._tell("callback_query", query)

    async def noise(self, who: str, kind: Noise) -> None:
        chat, write = self._chat(who), self._server.space.write
        match kind:
            case "own":
                await self._tell("message", write(chat, self._server.bot.user(), text="Beep."))
            case "bot":
                machine = {"id": 77, "is_bot": True, "first_name": "Other"}
                await self._tell("message", write(chat, machine, text="Beep."))
            case "unsupported":
                await self._tell("message", write(chat, self._person(who), sticker=_STICKER))
            case "garbage":
                await self._server.tell("message", {"message_id": "x"})
                await self._server.tell("what_is_this", {"it": "is"})

    def got(self, who: str) -> list[Shown]:
        mine = self._server.bot.id
        return [self._shown(message) for message in self._chat(who).messages
                if message["from"]["id"] == mine and message.get("text") != "Beep."]  # fmt: skip

    def saw_typing(self, who: str) -> int:
        return self._chat(who).typing

    async def repeats(self) -> None:
        await until(lambda: not self._server.bot.queue)  # confirmed: else it goes with the others
        await self._server.again(self._last)

    async def redelivers(self) -> None:
        await self._server.wake()

    def unacknowledged(self) -> int:
        return len(self._server.bot.queue)

    async def cuts(self) -> None:
        self._server.cut()

    def fails(self, kind: SendFault, *, who: str | None = None, after: int = 0,
              seconds: float = 0.0) -> None:  # fmt: skip
        where: dict[str, Any] = {
            "method": "sendMessage", "after": after,
            "chat": self._chat(who).id if who else None,
        }  # fmt: skip
        match kind:
            case "rate_limit":
                fault = Fault("limit", seconds=seconds, **where)
            case "temporary":
                fault = Fault("gateway", **where)
            case "permanent":
                fault = Fault("refuse", status=403, description=BLOCKED, **where)
            case "unsure":
                fault = Fault("lose", **where)
        self._server.faults.plan(fault)

    def send_attempts(self, who: str) -> int:
        chat = self._chat(who).id
        return sum(method == "sendMessage" and fields["chat_id"] == chat
                   for method, fields in self._server.calls)  # fmt: skip

    def _chat(self, who: str) -> Chat:
        return self._server.space.chat(self._people.setdefault(who, 1001 + len(self._people)))

    def _person(self, who: str) -> Json:
        return self._server.space.person(self._chat(who).id, name=who.title())

    async def _tell(self, kind: str, content: Json) -> None:
        self._last = await self._server.tell(kind, dict(content))

    def _shown(self, message: Json) -> Shown:
        rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
        document = message.get("document")
        files: tuple[File, ...] = ()
        if document is not None:
            kept = self._server.space.files[document["file_id"]]
            files = (File(kept.name, kept.media_type, kept.content),)
        return Shown(
            id=str(message["message_id"]), text=message.get("text", ""), files=files,
            buttons=tuple(key["text"] for row in rows for key in row),
        )  # fmt: skip


@asynccontextmanager
async def open_telegram_polling() -> AsyncGenerator[TelegramRig]:
    """The bot asks."""
    server = Forwarding()
    async with server:
        yield TelegramRig(server, webhook=False)


@asynccontextmanager
async def open_telegram_webhook() -> AsyncGenerator[TelegramRig]:
    """Telegram comes to us."""
    server = Forwarding()
    async with server:
        yield TelegramRig(server, webhook=True)
