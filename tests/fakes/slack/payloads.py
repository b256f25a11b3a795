"""What Slack says: event callbacks, presses and commands, in the form that its documents give."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.fakes.slack.workspace import APP, BOT_USER, TEAM, Channel, File

_numbers = itertools.count(1)


def callback(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event callback."""
    return {
        "token": "verification",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{next(_numbers):08X}",
        "event_time": int(time.time()),
        "authorizations": [
            {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
        ],
        "is_ext_shared_channel": False,
        **changes,
    }


def message_event(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    """A message was written."""
    return {
        **message, "channel": channel.id, "channel_type": channel.kind, "event_ts": message["ts"],
    }  # fmt: skip


def mention_event(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    """The same message names the app."""
    event = message_event(channel, message) | {"type": "app_mention"}
    del event["channel_type"]
    return event


def changed_event(
    channel: Channel, now: dict[str, Any], before: dict[str, Any], ts: str
) -> dict[str, Any]:
    """A message was changed."""
    return {
        "type": "message", "subtype": "message_changed", "hidden": True, "channel": channel.id,
        "channel_type": channel.kind, "message": now, "previous_message": before, "ts": ts,
        "event_ts": ts,
    }  # fmt: skip


def deleted_event(channel: Channel, before: dict[str, Any], ts: str) -> dict[str, Any]:
    """A message was taken back."""
    return {
        "type": "message", "subtype": "message_deleted", "hidden": True, "channel": channel.id,
        "channel_type": channel.kind, "deleted_ts": before["ts"], "previous_message": before,
        "ts": ts, "event_ts": ts,
    }  # fmt: skip


def press(
    channel: Channel, message: dict[str, Any], block: dict[str, Any], element: dict[str, Any],
    *, user: str, ts: str, api: str,
) -> dict[str, Any]:  # fmt: skip
    """A button was pressed."""
    container = {
        "type": "message", "message_ts": message["ts"], "channel_id": channel.id,
        "is_ephemeral": False,
    }  # fmt: skip
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    action = {
        "type": "button", "action_id": element["action_id"], "block_id": block["block_id"],
        "text": element["text"], "value": element["value"], "action_ts": ts,
    }  # fmt: skip
    return {
        "type": "block_actions", "api_app_id": APP, "token": "verification",
        "team": {"id": TEAM, "domain": "example"}, "user": {"id": user, "team_id": TEAM},
        "channel": {"id": channel.id, "name": "somewhere"}, "container": container,
        "message": message, "actions": [action], "trigger_id": f"1.{next(_numbers)}.x",
        "response_url": f"{api}response/{next(_numbers)}", "state": {"values": {}},
    }  # fmt: skip


def command(channel: Channel, name: str, text: str, *, user: str, api: str) -> dict[str, Any]:
    """A slash command was given."""
    return {
        "token": "verification", "team_id": TEAM, "team_domain": "example",
        "channel_id": channel.id, "channel_name": "somewhere", "user_id": user,
        "user_name": "somebody", "command": name, "text": text, "api_app_id": APP,
        "is_enterprise_install": "false", "response_url": f"{api}response/{next(_numbers)}",
        "trigger_id": f"{int(time.time())}.{next(_numbers)}.abc",
    }  # fmt: skip


def file_fields(file: File, files_url: str) -> dict[str, Any]:
    """A file as messages name it."""
    return {
        "id": file.id, "created": int(time.time()), "name": file.name, "title": file.name,
        "mimetype": file.media_type, "mode": "hosted", "is_external": False,
        "size": len(file.content), "file_access": "visible", "user_team": TEAM,
        "url_private": f"{files_url}{file.id}/{file.name}",
        "url_private_download": f"{files_url}{file.id}/download/{file.name}",
    }  # fmt: skip
