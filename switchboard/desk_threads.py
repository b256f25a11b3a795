"""The desk's threads in Slack, as this installation has them.

Above: `roles`. Below: `channels.slack.desk.threads`, settings, `config/escalation.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from channels.base import House
from channels.slack.api import SlackApi
from channels.slack.desk.routes import Routes
from channels.slack.desk.threads import DeskOptions, DeskThreads
from core.approvals.records import Approval
from core.approvals.store import ApprovalStore
from core.escalation.rules import read_rules
from core.ids import ConversationId
from core.runtime import Service
from switchboard.files import lasting_link
from switchboard.wiring import Parts, need

_MOST = 200


class WaitingApprovals:
    """`channels.slack.desk.asking.Approvals` over the store."""

    def __init__(self, store: ApprovalStore) -> None:
        self._store = store

    async def waiting(self, conversation: ConversationId) -> Sequence[Approval]:
        """See the port."""
        found = await self._store.list("waiting", limit=_MOST)
        return [one for one in found if one.subject.conversation == conversation]

    async def find(self, identifier: str) -> Approval | None:
        """See the port."""
        return await self._store.find(identifier)


def desk_services(parts: Parts) -> list[Service]:
    """The threads, if Slack is the desk. Raises `ConfigError` for rules that make no sense."""
    settings = parts.settings
    slack = settings.slack
    if slack.bot_token is None or slack.desk_channel is None:
        return []
    desk, rules = need(parts.files), read_rules(settings.config_dir / "escalation.toml")
    return [
        DeskThreads(
            parts.bus,
            SlackApi(slack.bot_token, url=slack.api_url),
            Routes.of(rules.desk, default=slack.desk_channel),
            house=House(open_file=desk.files.read, link=partial(lasting_link, desk)),
            rules=rules,
            approvals=WaitingApprovals(ApprovalStore(parts.database)),
            options=DeskOptions(
                account=slack.account,
                per_second=slack.messages_per_second,
                keep_withdrawn=slack.keep_withdrawn,
                grace_seconds=settings.grace_seconds,
            ),
        )
    ]
