"""What customers do in the emulated Telegram: each act is an update of the bot, as Telegram writes
it, and is held to the schema."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.telegram.schema import check_object
from tests.fakes.telegram.server import TelegramServer
from tests.fakes.telegram.space import Chat, Json

ANNA = 7001


class Hands:
    """Customers of one bot."""

    def __init__(self, server: TelegramServer) -> None:
        self._server = server

    async def say(
        self, text: str | None = None, *, sender: int = ANNA, chat: int | None = None,
        reply_to: int | None = None, language: str = "en", **content: Any,
    ) -> Json:  # fmt: skip
        """A message; gives the message."""
        space = self._server.space
        place = space.chat(sender if chat is None else chat)
        if text is not None:
            content["text"] = text
            content.setdefault("entities", entities_of(text))
            if not content["entities"]:
                del content["entities"]
        if reply_to is not None and (answered := place.find(reply_to)) is not None:
            content["reply_to_message"] = answered
        message = space.write(place, space.person(sender, language=language), **content)
        await self._tell("message", message)
        return message

    async def send_file(
        self, data: bytes, *, name: str, media_type: str, caption: str | None = None,
        sender: int = ANNA, kind: str = "document", reply_to: int | None = None,
    ) -> Json:  # fmt: skip
        """A file, with words or without."""
        number = self._server.space.put_file(data, name=name, media_type=media_type)
        file: Json = {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(data),
                      "mime_type": media_type}  # fmt: skip
        if kind == "document":
            file["file_name"] = name
        if kind in {"voice", "video", "video_note"}:
            file["duration"] = 3
        content: Json = {kind: file}
        if kind == "photo":
            del file["mime_type"]
            small = file | {"width": 9, "height": 9, "file_id": "small"}
            content = {"photo": [small, file | {"width": 90, "height": 90}]}
        if caption:
            content["caption"] = caption
        return await self.say(sender=sender, reply_to=reply_to, **content)

    async def edit(self, message: Json, text: str, *, sender: int = ANNA) -> Json:
        """The customer changes what they wrote."""
        changed = message | {"text": text, "edit_date": int(time.time())}
        changed.pop("entities", None)
        if entities := entities_of(text):
            changed["entities"] = entities
        message.clear()
        message.update(changed)
        await self._tell("edited_message", dict(message))
        return message

    async def press(self, shown: Json, label: str, *, sender: int = ANNA) -> Json:
        """The customer presses a button of ours."""
        rows = shown["reply_markup"]["inline_keyboard"]
        button = next(one for row in rows for one in row if one["text"] == label)
        query = {
            "id": self._server.space.query_id(), "from": self._server.space.person(sender),
            "message": dict(shown), "chat_instance": "1", "data": button["callback_data"],
        }  # fmt: skip
        await self._tell("callback_query", query)
        return query

    def offering(self, label: str, chat: int = ANNA) -> Json | None:
        """The newest message of the bot with this button; None if there is none yet."""
        for message in reversed(self.shown(chat)):
            rows = message.get("reply_markup", {}).get("inline_keyboard", [])
            if any(one["text"] == label for row in rows for one in row):
                return message
        return None

    def shown(self, chat: int = ANNA) -> list[Json]:
        """What stands in a chat from the bot."""
        return [m for m in self.chat(chat).messages if m["from"]["id"] == self._server.bot.id]

    def texts(self, chat: int = ANNA) -> list[str]:
        """The words of it."""
        return [message.get("text", "") for message in self.shown(chat)]

    def chat(self, number: int = ANNA) -> Chat:
        """A chat, which is made if need be."""
        return self._server.space.chat(number)

    async def _tell(self, kind: str, content: Json) -> None:
        update = {"update_id": self._server.bot.next_update, kind: content}
        check_object("Update", update)
        await self._server.tell(kind, content)


def entities_of(text: str) -> list[Json]:
    """What a client finds in a text by itself: a command at its beginning, names."""
    found: list[Json] = []
    at = 0
    for word in text.split(" "):
        units = len(word.encode("utf-16-le", "surrogatepass")) // 2
        if word.startswith("/") and at == 0 and units > 1:
            found.append({"type": "bot_command", "offset": at, "length": units})
        elif word.startswith("@") and units > 1:
            found.append({"type": "mention", "offset": at, "length": units})
        at += units + 1
    return found
