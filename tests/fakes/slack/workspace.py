"""What there is in the workspace: people, channels, messages with their threads, files."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["im", "channel", "group", "mpim"]
TEAM, APP, BOT_USER, BOT = "T0TEAM001", "A0APP0001", "U0BOT0001", "B0BOT0001"


@dataclass
class Channel:
    """A place where messages stand; `messages` in the order of their time stamps."""

    id: str
    kind: Kind
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    has_app: bool = True
    archived: bool = False
    removed: set[str] = field(default_factory=set[str])

    def remove(self, message: dict[str, Any]) -> None:
        """It is no more; nothing can be written behind it."""
        self.messages.remove(message)
        self.removed.add(message["ts"])

    def find(self, ts: str) -> dict[str, Any] | None:
        """The message of this time stamp."""
        return next((one for one in self.messages if one["ts"] == ts), None)


@dataclass
class File:
    """An uploaded file; shared once it is complete."""

    id: str
    name: str
    content: bytes = b""
    media_type: str = "application/octet-stream"
    length: int = 0
    shared: bool = False


class Workspace:
    """The state; no network."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.streams: set[tuple[str, str]] = set()
        self.statuses: list[dict[str, Any]] = []
        self._counter = itertools.count(1)
        self._last = 0

    def next_ts(self) -> str:
        """A time stamp that no other message has."""
        self._last = max(int(time.time() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """An id of Slack's form."""
        return f"{prefix}{next(self._counter):08X}"

    def add_channel(self, name: str, kind: Kind = "channel") -> Channel:
        """A channel of this id."""
        self.channels[name] = Channel(name, kind)
        return self.channels[name]

    def direct(self, user: str) -> Channel:
        """The direct messages with a person."""
        name = f"D{user[1:]}"
        return self.channels.get(name) or self.add_channel(name, "im")

    def add_message(self, channel: Channel, **fields: Any) -> dict[str, Any]:
        """A message; it gets its time stamp."""
        message = {"type": "message", "ts": self.next_ts(), **fields}
        channel.messages.append({k: v for k, v in message.items() if v is not None})
        return channel.messages[-1]

    def add_bot_message(self, channel: Channel, **fields: Any) -> dict[str, Any]:
        """A message of the app."""
        return self.add_message(channel, user=BOT_USER, bot_id=BOT, app_id=APP, team=TEAM, **fields)

    def add_file(self, name: str, content: bytes, media_type: str) -> File:
        """A file with its bytes."""
        file = File(self.next_id("F"), name, content, media_type, len(content))
        self.files[file.id] = file
        return file
