"""What `switchboard doctor` asks about the app: token, rights, the way in. Reads only.

Above: `adapter`. Below: `api`, `manifest.yaml`, which is what people paste into Slack's set-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from channels.base import Finding
from channels.slack.api import SlackApi, SlackRefused
from channels.slack.desk.checks import check_desk
from channels.slack.desk.people_checks import check_people
from channels.slack.settings import SlackSettings
from core.errors import ChannelError

_MANIFEST = Path(__file__).with_name("manifest.yaml")
_PASTE = "paste channels/slack/manifest.yaml into the app's manifest, then install the app again"


@cache
def wanted_scopes() -> frozenset[str]:
    """The rights of the manifest."""
    manifest: Any = yaml.safe_load(_MANIFEST.read_text(encoding="utf-8"))
    return frozenset(str(one) for one in manifest["oauth_config"]["scopes"]["bot"])


async def check_app(api: SlackApi, settings: SlackSettings) -> Sequence[Finding]:
    """In the order in which one sets it up."""
    findings = await _check_token(api, settings)
    if settings.app_token is not None:
        findings.append(await _check_socket(api, settings))
    if settings.signing_secret is not None:
        findings.append(Finding(True, "HTTP: events are taken at /slack/events"))
    if not settings.allowed:
        findings.append(Finding(True, "no channels set: direct messages and mentions count"))
    if settings.desk_channel is not None:
        findings += await check_people(api, settings)
        findings += await check_desk(api, [settings.desk_channel])
    return findings


async def _check_token(api: SlackApi, settings: SlackSettings) -> list[Finding]:
    try:
        answer, scopes = await api.test()
    except SlackRefused as error:
        return [Finding(False, str(error), "copy the Bot User OAuth Token to SLACK_BOT_TOKEN")]
    except ChannelError as error:
        return [Finding(False, f"Slack does not answer ({error})", "check the network")]
    team, name = str(answer.get("team_id")), str(answer.get("team"))
    findings = [Finding(True, f"bot token: {answer.get('user')} in {name} ({team})")]
    if settings.team_id is not None and settings.team_id != team:
        mend = f"set SWITCHBOARD_SLACK__TEAM_ID={team}, or take the other workspace's token"
        findings.append(Finding(False, f"the token is not of {settings.team_id}", mend))
    if lacking := sorted(wanted_scopes() - scopes):
        findings.append(Finding(False, f"rights that lack: {', '.join(lacking)}", _PASTE))
    else:
        findings.append(Finding(True, "rights: all of the manifest"))
    return findings


async def _check_socket(api: SlackApi, settings: SlackSettings) -> Finding:
    try:
        await api.call("apps.connections.open", token=settings.app_token)
    except SlackRefused as error:
        mend = "make an app-level token with connections:write, and turn Socket Mode on"
        return Finding(False, f"Socket Mode: {error.reason}", mend)
    except ChannelError as error:
        return Finding(False, f"Socket Mode: Slack does not answer ({error})", "check the network")
    return Finding(True, "Socket Mode: a socket can be opened")
