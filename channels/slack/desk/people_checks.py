"""What `switchboard doctor` asks of the desk's people: is there anybody who may act? Reads only.

Above: `channels.slack.checks`. Below: `api`, `people`'s rules as settings say them.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.base import Finding
from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.settings import SlackSettings
from core.errors import ChannelError

_GROUP = "set SWITCHBOARD_SLACK__DESK_GROUP to the id (S…) of a user group of this workspace"
_MEMBER = "mend SWITCHBOARD_SLACK__DESK_MEMBERS: the id stands in a person's profile, under ⋮"


async def check_people(api: SlackApi, settings: SlackSettings) -> Sequence[Finding]:
    """The group, those who are named, or who else it is."""
    findings: list[Finding] = []
    if settings.desk_group is not None:
        findings.append(await _check_group(api, settings.desk_group))
    findings += [await _check_member(api, user) for user in sorted(settings.members)]
    if not findings:
        line = "who may act: the members of the desk's channel, guests excepted"
        findings.append(Finding(True, line))
    return findings


async def _check_group(api: SlackApi, group: str) -> Finding:
    try:
        answer = await api.call("usergroups.users.list", form=True, usergroup=group)
    except SlackRefused as error:
        return Finding(False, f"the desk's group {group}: {error}", _GROUP)
    except ChannelError as error:
        return Finding(False, f"the desk's group: Slack does not answer ({error})", "try again")
    count = len(answer.get("users") or ())
    if count == 0:
        return Finding(False, f"the desk's group {group} is empty", "add people to it in Slack")
    return Finding(True, f"who may act: {count} of the group {group}")


async def _check_member(api: SlackApi, user: str) -> Finding:
    try:
        answer = await api.call("users.info", form=True, user=user)
    except SlackRefused as error:
        return Finding(False, f"{user} of the desk: {error}", _MEMBER)
    except ChannelError as error:
        return Finding(False, f"{user} of the desk: Slack does not answer ({error})", "try again")
    found: Json = answer.get("user") or {}
    gone = found.get("deleted") or found.get("is_bot") or found.get("is_stranger")
    if gone:
        return Finding(False, f"{user} of the desk is a bot, a stranger or gone", _MEMBER)
    return Finding(True, f"who may act: {user}")
