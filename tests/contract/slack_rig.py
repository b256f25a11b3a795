"""Slack's rigs: Socket Mode and HTTP. Above: `test_channels`. Below: the emulated Slack.

A customer talks in direct messages with the app.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from channels.base import Capabilities, House
from channels.slack.adapter import SlackAdapter
from channels.slack.encode import CAPABILITIES
from channels.slack.settings import SlackSettings
from tests.contract.channel_rig import File, Noise, NotOnThisWire, SendFault, Shown
from tests.fakes.slack import payloads
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SECRET, Door, SlackServer
from tests.fakes.slack.workspace import Channel

_FAULTS = {"temporary": Fault("break"), "permanent": Fault("refuse", error="is_archived"),
           "unsure": Fault("lose")}  # fmt: skip
_LINK = re.compile(r"<([^|>]+)\|([^>]*)>")


class SlackRig:
    """See `channel_rig.ChannelRig`."""

    channel = "slack"
    capabilities: Capabilities = CAPABILITIES
    exempt: Mapping[str, str] = {
        "in:reply": "an answer to a message is a thread, which is a conversation of its own",
        "in:unsupported": "every message of a person in Slack has words or files",
        "out:typing": "Slack shows it in threads only, not in direct messages",
    }
    secrets: tuple[str, ...] = (BOT_TOKEN, APP_TOKEN, SECRET)

    def __init__(self, server: SlackServer, door: Door) -> None:
        self._server = server
        self._door: Door = door
        self._said: dict[str, dict[str, Any]] = {}

    def make_adapter(self, house: House) -> SlackAdapter:
        way = (
            {"app_token": SecretStr(APP_TOKEN)}
            if self._door == "socket"
            else {"signing_secret": SecretStr(SECRET)}
        )
        settings = SlackSettings.model_validate(
            {"bot_token": SecretStr(BOT_TOKEN), "api_url": self._server.url,
             "team_id": "T0TEAM001", "messages_per_second": 1000.0, **way}
        )  # fmt: skip
        return SlackAdapter(settings, house)

    def environ(self) -> dict[str, str]:
        """How a process of its own is told of this platform."""
        way = (
            {"SLACK_APP_TOKEN": APP_TOKEN}
            if self._door == "socket"
            else {"SLACK_SIGNING_SECRET": SECRET}
        )
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_API_URL": self._server.url,
            "SWITCHBOARD_SLACK__MESSAGES_PER_SECOND": "1000", **way,
        }  # fmt: skip

    def opened_at(self, url: str) -> None:
        self._server.http.url = f"{url}/slack/events"

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        sent = [(file.name, file.content, file.media_type) for file in files]
        message = self._server.say(
            self._room(who), _typed(text), user=_user(who), files=sent, thread=reply_to
        )
        self._said[message["ts"]] = message
        return message["ts"]

    async def edits(self, who: str, message: str, text: str) -> None:
        self._server.edit(self._room(who), self._said[message], _typed(text))

    async def deletes(self, who: str, message: str) -> None:
        self._server.take_back(self._room(who), self._said[message])

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        message = self._room(who).find(shown.id)
        assert message is not None
        self._server.press(self._room(who), message, shown.buttons.index(label), user=_user(who))

    async def noise(self, who: str, kind: Noise) -> None:
        room, space = self._room(who), self._server.space
        match kind:
            case "own":
                message = space.add_bot_message(room, text="Beep.")
                self._tell(payloads.message_event(room, message))
            case "bot":
                message = space.add_message(room, text="Beep.", bot_id="B0OTHER", user="U0OTHER01",
                                            app_id="A0OTHER01")  # fmt: skip
                self._tell(payloads.message_event(room, message))
            case "unsupported":
                raise NotOnThisWire(self.exempt["in:unsupported"])
            case "garbage":
                self._tell({"type": "message", "channel": 7, "text": ["no", "text"]})
                self._server.tell("events_api", {"type": "event_callback"})

    def got(self, who: str) -> list[Shown]:
        return [self._shown(message) for message in self._server.posted(self._room(who))
                if message.get("text") != "Beep."]  # fmt: skip

    def saw_typing(self, who: str) -> int:
        room = self._room(who).id
        return sum(status["channel_id"] == room for status in self._server.space.statuses)

    async def repeats(self) -> None:
        last = self._server.told[-1]
        self._server.tell(last.kind, last.payload)

    async def redelivers(self) -> None:
        for told in self._server.unanswered():
            self._server.told.remove(told)
            self._server.tell(told.kind, told.payload)

    def unacknowledged(self) -> int:
        return len(self._server.unanswered())

    async def cuts(self) -> None:
        self._server.sockets.cut()

    def fails(self, kind: SendFault, *, who: str | None = None, after: int = 0,
              seconds: float = 0.0) -> None:  # fmt: skip
        fault = _FAULTS.get(kind) or Fault("limit", retry_after=seconds)
        planned: Any = self._server.faults.planned
        for _ in range(after):
            self._server.faults.plan("chat.postMessage", fault)
            planned["chat.postMessage"][-1] = None  # this one goes well
        self._server.faults.plan("chat.postMessage", fault)

    def send_attempts(self, who: str) -> int:
        room = self._room(who).id
        return sum(
            method == "chat.postMessage" and args.get("channel") == room
            for method, args in self._server.calls
        )

    def _room(self, who: str) -> Channel:
        return self._server.direct(_user(who))

    def _tell(self, event: dict[str, Any]) -> None:
        self._server.tell("events_api", payloads.callback(event))

    def _shown(self, message: dict[str, Any]) -> Shown:
        blocks = message.get("blocks") or []
        texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
        rows = [block["elements"] for block in blocks if block["type"] == "actions"]
        return Shown(
            id=message["ts"],
            text=_read("\n".join(texts) if blocks else message.get("text", "")),
            buttons=tuple(_read(button["text"]["text"]) for row in rows for button in row),
            files=tuple(
                File(file.get("title") or file["name"], file["mimetype"],
                     self._server.space.files[file["id"]].content)
                for file in message.get("files") or []
            ),
        )  # fmt: skip


def _user(who: str) -> str:
    return f"U0{who.upper():A<7}"


def _typed(text: str) -> str:
    """As Slack's clients send what a person types."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(text: str) -> str:
    """As Slack's clients show it. A mark that calls somebody stays, so that a test sees it."""
    text = _LINK.sub(lambda match: f"{match[2]} ({match[1]})", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@asynccontextmanager
async def open_slack_socket() -> AsyncGenerator[SlackRig]:
    """Socket Mode."""
    async with SlackServer(doors=("socket",)) as server:
        yield SlackRig(server, "socket")


@asynccontextmanager
async def open_slack_http() -> AsyncGenerator[SlackRig]:
    """Signed events over HTTP."""
    async with SlackServer(doors=("http",)) as server:
        yield SlackRig(server, "http")
