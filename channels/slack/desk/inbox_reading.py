"""What people did at the desk, from Slack's payloads. Pure.

Above: `inbox`. Below: `channels.slack.decode`'s predicates, `files`, `ids`. Whether it is the
desk's, and who may do it, is decided above; here it is only read, and what has another shape is
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, cast

from slack_bolt.request import payload_utils

from channels.slack.desk.ids import read_mark, read_value
from channels.slack.files import read_files
from core.errors import DecodeError
from core.messages import Attachment

Json = dict[str, Any]
COMMAND = "/switchboard"
_SPOKEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}\Z")
_TS = re.compile(r"\d{1,12}\.\d{1,9}\Z")
_PREFIX = "desk."
_MOST_FIELDS = 30
_MOST_TYPED = 3_000


@dataclass(frozen=True)
class Origin:
    """Whose workspace and app a payload is for; what it does not say is empty."""

    team: str = ""
    app: str = ""


@dataclass(frozen=True)
class Said:
    """A message in a thread, or an edit (`edited`: its time stamp) or removal (`removed`) of it."""

    user: str
    channel: str
    thread: str
    ts: str
    text: str = ""
    files: tuple[Attachment, ...] = ()
    edited: str = ""
    removed: bool = False
    is_bot: bool = False

    @property
    def stamp(self) -> float:
        """When it happened."""
        return float(self.edited or self.ts)


@dataclass(frozen=True)
class Reacted:
    """Somebody put an emoji on a message."""

    user: str
    channel: str
    ts: str
    emoji: str
    at: float


@dataclass(frozen=True)
class Pressed:
    """A button of ours was pressed. `channel` is empty in the App Home; `value` holds what the
    button was given, `chosen` what was picked. `poster` is the bot whose message it sits on,
    `marked` the conversation that this message shows, if Slack says so; `private`: only the presser
    sees it."""

    user: str
    action: str
    value: Json
    stamp: str
    trigger: str
    channel: str = ""
    thread: str = ""
    ts: str = ""
    chosen: str = ""
    poster: str = ""
    marked: str | None = None
    private: bool = False
    view: str = ""


@dataclass(frozen=True)
class Submitted:
    """A modal was sent: its fields by name. `kept` is what we gave it along."""

    user: str
    view: str
    form: str
    kept: Json
    fields: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Commanded:
    """`/switchboard …`."""

    user: str
    channel: str
    text: str


@dataclass(frozen=True)
class HomeOpened:
    """Somebody looks at the App Home."""

    user: str


Deed = Said | Reacted | Pressed | Submitted | Commanded | HomeOpened


def read_origin(body: Json) -> Origin:
    """Whose it is."""
    team = _fields(body.get("team")).get("id") or body.get("team_id") or ""
    for one in cast("list[object]", body.get("authorizations") or []):
        team = _fields(one).get("team_id") or team
    return Origin(str(team), str(body.get("api_app_id") or ""))


def read_deed(body: Json) -> Deed | None:
    """What was done; None if it is nothing that a desk could mean. Raises `DecodeError`."""
    try:
        if payload_utils.is_event(body):
            return _read_event(_fields(body["event"]))
        if payload_utils.is_block_actions(body):
            return _read_press(body)
        if payload_utils.is_view_submission(body):
            return _read_form(body)
        if payload_utils.is_slash_command(body) and body["command"] == COMMAND:
            text = str(body.get("text") or "")[:_MOST_TYPED]
            return Commanded(_id(body["user_id"]), _id(body["channel_id"]), text.strip())
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise DecodeError(f"a payload of another shape: {type(error).__name__}") from None
    return None


def channel_of_event(body: Json) -> str:
    """The Slack channel of a message or a mention, whatever else it is."""
    event = _fields(body.get("event"))
    return str(event.get("channel") or "") if event.get("type") in _MESSAGES else ""


def thread_of_event(body: Json) -> str:
    """The thread in which it was said, if it was in one."""
    event = _fields(body.get("event"))
    root = event.get("thread_ts") or _fields(event.get("message")).get("thread_ts")
    return root if isinstance(root, str) and _TS.match(root) else ""


_MESSAGES = frozenset({"message", "app_mention"})


def _read_event(event: Json) -> Deed | None:
    match event.get("type"):
        case "message":
            return _read_message(event)
        case "reaction_added":
            item = _fields(event["item"])
            if item.get("type") != "message":
                return None
            at = float(_ts(event["event_ts"]))
            return Reacted(
                _id(event["user"]), _id(item["channel"]), _ts(item["ts"]),
                str(event["reaction"]), at,
            )  # fmt: skip
        case "app_home_opened":
            return HomeOpened(_id(event["user"])) if event.get("tab") == "home" else None
        case _:
            return None


def _read_message(event: Json) -> Said | None:
    """Messages in threads only; what begins a thread is people talking."""
    channel, subtype = _id(event["channel"]), event.get("subtype")
    if subtype == "message_deleted":
        before = _fields(event.get("previous_message"))
        return _said(before, channel, removed=True)
    if subtype == "message_changed":
        return _read_change(event, channel)
    if subtype not in _SPOKEN or event.get("hidden"):
        return None
    return _said(event, channel)


def read_reply(message: Json, channel: str) -> Said | None:
    """A message of a thread as Slack gives it when it is asked; None if nobody said it there."""
    if message.get("subtype") not in _SPOKEN:
        return None
    try:
        return _said(message, channel)
    except ValueError:
        return None


def _read_change(event: Json, channel: str) -> Said | None:
    """An edit of its words. Slack also says "changed" when it shows a link's page, and when a
    message that others answered was taken back (a tombstone)."""
    now, before = _fields(event["message"]), _fields(event.get("previous_message"))
    if now.get("subtype") == "tombstone":
        return _said(before, channel, removed=True)
    if now.get("subtype") not in _SPOKEN or "edited" not in now:
        return None
    if now.get("text") == before.get("text"):
        return None
    return _said(now, channel, edited=_ts(_fields(now["edited"])["ts"]))


def _said(message: Json, channel: str, *, edited: str = "", removed: bool = False) -> Said | None:
    root, ts = message.get("thread_ts"), _ts(message.get("ts"))
    if root is None or root == ts:
        return None
    user = message.get("user")
    bot = bool(message.get("bot_id") or message.get("bot_profile")) or not isinstance(user, str)
    return Said(
        user="" if bot else _id(user), channel=channel, thread=_ts(root), ts=ts, is_bot=bot,
        text=str(message.get("text") or ""), files=read_files(message.get("files")),
        edited=edited, removed=removed,
    )  # fmt: skip


def _read_press(body: Json) -> Pressed | None:
    action = _fields(body["actions"][0])
    name = str(action.get("action_id") or "")
    if not name.startswith(_PREFIX):
        return None
    message, place = _fields(body.get("message")), _fields(body.get("container"))
    chosen = _fields(action.get("selected_option"))
    channel = str(_fields(body.get("channel")).get("id") or place.get("channel_id") or "")
    ts = str(message.get("ts") or place.get("message_ts") or "")
    mark = read_mark(message)
    return Pressed(
        user=_id(_fields(body["user"])["id"]),
        action=name,
        value=read_value(action.get("value") or chosen.get("value")),
        stamp=_ts(action["action_ts"]),
        trigger=str(body.get("trigger_id") or ""),
        channel=_id(channel) if channel else "",
        thread=_ts(message.get("thread_ts") or place.get("thread_ts") or ts) if ts else "",
        ts=ts,
        chosen=str(action.get("selected_user") or ""),
        poster=str(message.get("bot_id") or ""),
        marked=mark[0] if mark else None,
        private=place.get("is_ephemeral") is True,
        view=str(_fields(body.get("view")).get("id") or ""),
    )


def _read_form(body: Json) -> Submitted | None:
    view = _fields(body["view"])
    form = str(view.get("callback_id") or "")
    if not form.startswith(_PREFIX):
        return None
    kept = read_value(view.get("private_metadata"))
    typed: dict[str, str] = {}
    values = _fields(_fields(view.get("state")).get("values"))
    for block, elements in list(values.items())[:_MOST_FIELDS]:
        for element in _fields(elements).values():
            typed[block] = _typed(_fields(element))[:_MOST_TYPED]
    return Submitted(
        user=_id(_fields(body["user"])["id"]), view=_id(view["id"]), form=form, kept=kept,
        fields=typed,
    )  # fmt: skip


def _typed(element: Json) -> str:
    """What is in one field of a modal, whatever kind it is."""
    option = _fields(element.get("selected_option")).get("value")
    found = option or element.get("selected_user") or element.get("selected_date_time")
    found = found or element.get("value")
    return "" if found is None else str(found)


def _fields(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise ValueError("no id of Slack")
    return value


def _ts(value: object) -> str:
    if not isinstance(value, str) or not _TS.match(value):
        raise ValueError("no time stamp of Slack")
    return value
