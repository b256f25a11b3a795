"""What `switchboard doctor` asks of the desk's channels: can cases be shown there? Reads only.

Above: `channels.slack.checks`, the composition root. Below: `api`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.base import Finding
from channels.slack.api import SlackApi, SlackRefused
from core.errors import ChannelError


async def check_desk(api: SlackApi, channels: Sequence[str]) -> list[Finding]:
    """One line for each of these Slack channels."""
    return [await _check(api, channel) for channel in channels]


async def _check(api: SlackApi, channel: str) -> Finding:
    name = f"desk channel {channel}"
    try:
        answer = await api.call("conversations.info", form=True, channel=channel)
    except SlackRefused as error:
        mend = "set SLACK_DESK_CHANNEL (or [desk] in config/escalation.toml) to a channel it is in"
        return Finding(False, f"{name}: {error}", mend)
    except ChannelError as error:
        return Finding(False, f"{name}: Slack does not answer ({error})", "check the network")
    found: dict[str, Any] = answer.get("channel") or {}
    if found.get("is_archived"):
        return Finding(False, f"{name}: it is archived", "unarchive it, or name another channel")
    if found.get("is_member") is False:
        return Finding(False, f"{name}: the app is not in it", "invite it with /invite")
    return Finding(True, f"{name}: cases are shown there")
