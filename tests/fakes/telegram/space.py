"""Bots, chats, messages and files of the emulated Telegram, and the hands of customers on them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Chat:
    """A private chat (positive number) or a group."""

    id: int
    kind: str = "private"
    title: str = ""
    messages: list[Json] = field(default_factory=list)
    drafts: list[Json] = field(default_factory=list)
    typing: int = 0
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def shape(self) -> Json:
        """As a message names it."""
        name = {"first_name": self.title} if self.kind == "private" else {"title": self.title}
        return {"id": self.id, "type": self.kind, **name}

    def find(self, number: int) -> Json | None:
        """A message that is there now."""
        return next((m for m in self.messages if m["message_id"] == number), None)


@dataclass
class StoredFile:
    """A file that somebody sent."""

    name: str
    media_type: str
    content: bytes


class Bot:
    """One bot: its queue of updates, its webhook, its commands."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.id = int(token.partition(":")[0])
        self.username = f"shop_{self.id}_bot"
        self.queue: list[Json] = []
        self.next_update = 1000
        self.webhook: Json = {}
        self.last_error: tuple[int, str] | None = None
        self.commands: dict[str, list[Json]] = {}
        self.polls = 0
        self.last: Json = {}

    def user(self) -> Json:
        """As `getMe` and messages show it."""
        return {"id": self.id, "is_bot": True, "first_name": "Shop", "username": self.username}

    def add(self, kind: str, content: Json) -> Json:
        """A new update; it waits until it is confirmed."""
        update = {"update_id": self.next_update, kind: content}
        self.next_update += 1
        self.queue.append(update)
        self.last = update
        return update


class Space:
    """Everything there is."""

    def __init__(self) -> None:
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self._count = itertools.count(1)

    def chat(self, number: int, *, kind: str | None = None, title: str = "") -> Chat:
        """The chat, which is made if need be."""
        usual = "private" if number > 0 else "group"
        if number not in self.chats:
            self.chats[number] = Chat(number, kind or usual, title or f"Chat {number}")
        return self.chats[number]

    def put_file(self, content: bytes, *, name: str, media_type: str) -> str:
        """Keep a file; gives its number."""
        number = f"file{next(self._count)}"
        self.files[number] = StoredFile(name, media_type, content)
        return number

    def person(self, number: int, *, language: str = "en", name: str = "Anna") -> Json:
        """A customer."""
        return {"id": number, "is_bot": False, "first_name": name, "language_code": language}

    def write(self, chat: Chat, sender: Json, **content: Any) -> Json:
        """A message in a chat."""
        message = {
            "message_id": next(chat.numbers), "date": int(time.time()), "chat": chat.shape(),
            "from": sender, **content,
        }  # fmt: skip
        chat.messages.append(message)
        return message

    def query_id(self) -> str:
        """The number of a press."""
        return f"query{next(self._count)}"
