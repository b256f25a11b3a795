"""The manifest people paste into Slack asks for what the code uses, and for no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

import channels.slack

HOME = Path(channels.slack.__file__).parent
# What each method wants of a bot token, by Slack's documents.
NEEDED = {
    "apps.connections.open": set[str](),  # an app-level token with connections:write
    "auth.test": set[str](),
    "assistant.threads.setStatus": {"assistant:write", "chat:write"},
    "chat.appendStream": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.getPermalink": set[str](),
    "chat.postMessage": {"chat:write"},
    "chat.startStream": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "bots.info": {"users:read"},
    "chat.postEphemeral": {"chat:write"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.members": {"channels:read", "groups:read"},
    "files.completeUploadExternal": {"files:write"},
    "files.delete": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "files.info": {"files:read"},
    "reactions.add": {"reactions:write"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set[str](),
    "views.publish": set[str](),
    "views.update": set[str](),
}
EVENTS: dict[str, str | None] = {
    "app_mention": "app_mentions:read", "message.channels": "channels:history",
    "message.groups": "groups:history", "message.im": "im:history", "message.mpim": "mpim:history",
    "app_home_opened": None, "reaction_added": "reactions:read",
}  # fmt: skip


def manifest() -> dict[str, Any]:
    return yaml.safe_load((HOME / "manifest.yaml").read_text(encoding="utf-8"))


def methods_in_code() -> set[str]:
    words = "assistant|apps|auth|chat|conversations|files|users|usergroups|views|reactions|bots"
    found = set[str]()
    for path in HOME.rglob("*.py"):
        found |= set(re.findall(rf'"((?:{words})\.[A-Za-z.]+)"', path.read_text(encoding="utf-8")))
    return {name for name in found if not name.endswith((".com", ".toml", ".yaml"))}


def test_every_method_that_is_called_is_known_here() -> None:
    assert methods_in_code() - {"files.slack.com", "files-origin.slack.com"} <= set(NEEDED)


def test_the_manifest_has_the_rights_that_the_code_needs_and_no_more() -> None:
    needed = set[str]().union(*(NEEDED[name] for name in methods_in_code() & set(NEEDED)))
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    needed |= {scope for name in events if (scope := EVENTS[name]) is not None}
    needed |= {"commands", "chat:write.customize"}  # the desk's lines stand under people's names
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_the_manifest_listens_to_all_that_is_decoded() -> None:
    settings = manifest()["settings"]
    assert set(settings["event_subscriptions"]["bot_events"]) == set(EVENTS)
    assert settings["interactivity"]["is_enabled"] is True
    assert manifest()["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_the_manifest_has_what_the_desk_needs() -> None:
    features = manifest()["features"]
    assert features["app_home"]["home_tab_enabled"] is True
    assert [one["command"] for one in features["slash_commands"]] == ["/support", "/switchboard"]
