"""What takes a forgotten person's posts away in Slack, as this installation has it.

Above: `roles`, `privacy_access`. Below: `core.privacy.posts`, `channels.slack.desk.erasing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings
from core.archive.database import Database
from core.privacy.ledger import Ledger
from core.privacy.posts import PostKeeper, PostRemoval
from core.runtime import Service

if TYPE_CHECKING:
    from switchboard.wiring import Parts

# Slack allows fifty deletions a minute where it allows a message a second.
_SHARE = 0.8


def open_removal(settings: Settings, database: Database) -> PostRemoval | None:
    """None: there is no Slack. What was posted when there was one stays `pending`."""
    slack = settings.slack
    if slack.bot_token is None:
        return None
    from channels.slack.api import SlackApi
    from channels.slack.desk.erasing import SlackPosts
    from channels.slack.desk.line import Line

    api = SlackApi(slack.bot_token, url=slack.api_url)
    line = Line(api, per_second=_SHARE * slack.messages_per_second)
    return PostRemoval(Ledger(database), SlackPosts(line))


def post_services(parts: Parts) -> list[Service]:
    """The service of the role `archive`, if there is Slack."""
    removal = open_removal(parts.settings, parts.database)
    return [] if removal is None else [PostKeeper(removal)]
