"""From what Slack says to an arrival. Pure: no network, no clock.

Above: `adapter`, which has checked that it is Slack who speaks. Below: `mrkdwn`, `base`. The same
payload by socket, by HTTP and repeated gives the same ids, because they are made of channel and
time stamp and not of the delivery. Nothing said by a bot, ourselves included, ever arrives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, cast

from slack_bolt.request import payload_utils

from channels.base import Arrival
from channels.slack.files import read_files
from channels.slack.mrkdwn import read_mrkdwn
from core.errors import DecodeError
from core.ids import EventId, slack_act_id, slack_command_id, slack_message_id
from core.messages import Address

Json = dict[str, Any]
# Kinds of message that a person wrote; all others are notices of Slack.
_SPOKEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}\Z")
_TS = re.compile(r"\d{1,12}\.\d{1,9}\Z")
# Buttons of ours are in blocks of this name; the desk's are called otherwise.
CHOICES = "choices"
GREET = "/start"
_MOST_SHARED = 10
PLATFORM_LEVEL = 1


@dataclass(frozen=True)
class Rules:
    """What counts: our account, its workspace if it is known, and the channels in which every
    message is for us."""

    account: str
    team: str | None = None
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """A slash command: its answer goes to the direct messages with who gave it."""

    id: EventId
    user: str
    team: str
    text: str


def decode(body: Json, rules: Rules) -> Arrival | Asked | None:
    """What a payload of Slack says to us; None if nothing. Raises `DecodeError`."""
    try:
        if payload_utils.is_event(body):
            return _decode_event(body, rules)
        if payload_utils.is_block_actions(body):
            return _decode_press(body, rules)
        if payload_utils.is_slash_command(body):
            return _decode_command(body, rules)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise DecodeError(f"a payload of another shape: {type(error).__name__}") from None
    return None


def _decode_event(body: Json, rules: Rules) -> Arrival | None:
    event = _fields(body["event"])
    if event["type"] not in {"message", "app_mention"}:
        return None
    team, own = _team(body), _own_user(body)
    if _is_foreign(team, rules):
        return None
    match event.get("subtype"):
        case "message_changed":
            return _decode_change(event, rules, team, own)
        case "message_deleted":
            before = _fields(event.get("previous_message"))
            return _decode_removal(event, before, _id_ts(event["deleted_ts"]), rules, own)
        case subtype:
            if subtype not in _SPOKEN or event.get("hidden"):
                return None
            return _decode_message(event, rules, team, own)


def _decode_message(event: Json, rules: Rules, team: str, own: str | None) -> Arrival | None:
    channel, ts = _id(event["channel"]), _id_ts(event["ts"])
    if not _is_person(event, own) or not _is_for_us(event, channel, rules, own):
        return None
    text = read_mrkdwn(_str(event, "text"), own_user=own)
    text = "\n\n".join(part for part in (text, *_shared(event)) if part)
    files = read_files(event.get("files"))
    if not text and not files:
        return None
    root = event.get("thread_ts")
    return Arrival(
        id=slack_message_id(rules.account, channel, ts),
        address=_address(event, channel, ts, rules),
        text=text,
        attachments=files,
        reply_to=slack_message_id(rules.account, channel, _id_ts(root))
        if root and root != ts
        else None,
        sent_at=_time(ts),
        contact=f"slack:{team}:{_id(event['user'])}",
        level=PLATFORM_LEVEL,
    )


def _shared(event: Json) -> list[str]:
    """Messages of others that somebody passes on: who wrote each, and what."""
    found = event.get("attachments")
    items = cast("list[object]", found) if isinstance(found, list) else []
    shared = [one for item in items if (one := _fields(item)).get("is_share")]
    return [
        f"⤷ {one.get('author_name') or '?'}:\n{read_mrkdwn(_str(one, 'text'))}"
        for one in shared[:_MOST_SHARED]
    ]


def _decode_change(event: Json, rules: Rules, team: str, own: str | None) -> Arrival | None:
    """An edit by its author. Slack also says "changed" when it shows a link's page (the words are
    the same), and when a message that has answers was taken back (a tombstone)."""
    channel = _id(event["channel"])
    now, before = _fields(event["message"]), _fields(event.get("previous_message"))
    ts = _id_ts(now["ts"])
    if now.get("subtype") == "tombstone":
        return _decode_removal(event, before, ts, rules, own)
    if now.get("subtype") not in _SPOKEN or not _is_person(now, own):
        return None
    if "edited" not in now or now.get("text") == before.get("text"):
        return None
    shape = {**before, "channel_type": event.get("channel_type")} if before else {**now, **event}
    if not _is_for_us(shape, channel, rules, own):
        return None
    edited = _id_ts(_fields(now["edited"])["ts"])
    message = slack_message_id(rules.account, channel, ts)
    return Arrival(
        id=slack_act_id(rules.account, channel, ts, "edit", edited),
        address=_address(now, channel, ts, rules),
        kind="control",
        action="edit",
        value=message,
        text=read_mrkdwn(_str(now, "text"), own_user=own),
        sent_at=_time(edited),
        contact=f"slack:{team}:{_id(now['user'])}",
        level=PLATFORM_LEVEL,
    )


def _decode_removal(
    event: Json, before: Json, ts: str, rules: Rules, own: str | None
) -> Arrival | None:
    channel = _id(event["channel"])
    if not _is_person(before, own):
        return None
    shape = {**before, "channel_type": event.get("channel_type")}
    if not _is_for_us(shape, channel, rules, own):
        return None
    return Arrival(
        id=slack_act_id(rules.account, channel, ts, "delete", "1"),
        address=_address(before, channel, ts, rules),
        kind="control",
        action="delete",
        value=slack_message_id(rules.account, channel, ts),
        level=PLATFORM_LEVEL,
    )


def _decode_press(body: Json, rules: Rules) -> Arrival | None:
    """A choice under one of our messages. Pressing it again is the same act."""
    action, user = _fields(body["actions"][0]), _fields(body["user"])
    team = str(_fields(body.get("team")).get("id") or user.get("team_id") or "")
    if _is_foreign(team, rules) or not str(action.get("block_id", "")).startswith(CHOICES):
        return None
    message, place = _fields(body.get("message")), _fields(body.get("container"))
    channel = _id(_fields(body.get("channel")).get("id") or place["channel_id"])
    ts = _id_ts(message.get("ts") or place["message_ts"])
    root = message.get("thread_ts") or place.get("thread_ts")
    value = str(action["value"])
    mark = blake2s(f"{action.get('action_id')}:{value}".encode(), digest_size=6).hexdigest()
    return Arrival(
        id=slack_act_id(rules.account, channel, ts, "button", mark),
        address=_place(channel, _id_ts(root) if root else None, rules),
        kind="control",
        action="button",
        value=value,
        reply_to=slack_message_id(rules.account, channel, ts),
        contact=f"slack:{team}:{_id(user['id'])}",
        level=PLATFORM_LEVEL,
    )


def _decode_command(body: Json, rules: Rules) -> Asked | None:
    team, channel, user = _id(body["team_id"]), _id(body["channel_id"]), _id(body["user_id"])
    # Without words it opens the direct messages, where the customer is greeted.
    text = read_mrkdwn(str(body.get("text") or "")) or GREET
    if _is_foreign(team, rules):
        return None
    identity = slack_command_id(rules.account, channel, re.sub(r"\W", ".", str(body["trigger_id"])))
    return Asked(id=identity, user=user, team=team, text=text)


def channel_of(body: Json) -> str:
    """Where it happened, whatever it is: what is said in one place is taken in order."""
    source = _fields(body.get("event")) or body
    place: object = source.get("channel") or source.get("channel_id") or ""
    return str(_fields(cast("object", place)).get("id", "") if isinstance(place, dict) else place)


def stamp_of(body: Json) -> float:
    """When it happened, by Slack's clock; 0 where it does not say."""
    event, actions = _fields(body.get("event")), body.get("actions")
    first: object = (
        cast("list[object]", actions)[0] if isinstance(actions, list) and actions else {}
    )
    stamp = event.get("event_ts") or event.get("ts") or _fields(first).get("action_ts")
    return float(stamp) if isinstance(stamp, str) and _TS.match(stamp) else 0.0


def _is_person(message: Json, own: str | None) -> bool:
    """True if no bot wrote it: not ourselves, not another, not Slack."""
    user = message.get("user")
    if message.get("bot_id") or message.get("bot_profile"):
        return False
    if message.get("subtype") == "bot_message":
        return False
    return isinstance(user, str) and user not in {own, "USLACKBOT"} and bool(_ID.match(user))


def _is_for_us(message: Json, channel: str, rules: Rules, own: str | None) -> bool:
    if channel.startswith("D") or message.get("channel_type") == "im" or channel in rules.channels:
        return True
    if message.get("type") == "app_mention":
        return True
    return own is not None and f"<@{own}" in _str(message, "text")


def _is_foreign(team: str, rules: Rules) -> bool:
    return rules.team is not None and team != rules.team


def _team(body: Json) -> str:
    """The workspace in which we are installed; of a shared channel, not the other one."""
    for one in _installed(body):
        if one.get("team_id"):
            return str(one["team_id"])
    return _id(body["team_id"])


def _own_user(body: Json) -> str | None:
    for one in _installed(body):
        if one.get("is_bot") and one.get("user_id"):
            return _id(one["user_id"])
    return None


def _installed(body: Json) -> list[Json]:
    found = body.get("authorizations")
    items = cast("list[object]", found) if isinstance(found, list) else []
    return [_fields(one) for one in items]


def _fields(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _address(message: Json, channel: str, ts: str, rules: Rules) -> Address:
    """A direct message is one conversation, a thread is one; in a channel each message begins a
    thread."""
    root = message.get("thread_ts")
    if root is None and not channel.startswith("D"):
        root = ts
    return _place(channel, _id_ts(root) if root else None, rules)


def _place(channel: str, thread: str | None, rules: Rules) -> Address:
    return Address(channel="slack", account=rules.account, chat=channel, thread=thread)


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise ValueError("no id of Slack")
    return value


def _id_ts(value: object) -> str:
    if not isinstance(value, str) or not _TS.match(value):
        raise ValueError("no time stamp of Slack")
    return value


def _str(fields: Json, name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def _time(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)
