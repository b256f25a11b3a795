"""What the desk says to one person only, and what it does after an act was accepted.

Above: `inbox`, `actions`. Below: `channels.slack.api`. Nobody waits for it: a whisper that fails is
in the log, and the act stands.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import structlog

from channels.slack.api import SlackApi
from channels.slack.desk.blocks import Block, actions, button, cut, section
from core.errors import ChannelError, SwitchboardError
from core.runtime import TaskPool

_log = structlog.get_logger("slack")
_AT_ONCE = 16
_GRACE_SECONDS = 2.0
_MOST = 2_900


class Teller:
    """Speaks to people in private; works behind what was acknowledged."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._pool = TaskPool("slack-desk", limit=_AT_ONCE)

    async def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this behind the acknowledgement."""
        await self._pool.start(_quietly(work))

    async def whisper(
        self, user: str, slack_channel_id: str, thread: str, mrkdwn: str,
        offer: tuple[str, str, str] | None = None,
    ) -> None:  # fmt: skip
        """A line that only this person sees; with a button (action, label, value)."""
        text = cut(mrkdwn, _MOST)
        blocks: list[Block] = [section(text)]
        if offer is not None:
            blocks.append(actions("desk", [button(*offer)]))
        await self.later(self._whisper(user, slack_channel_id, thread, text, blocks))

    async def mark(self, slack_channel_id: str, ts: str, emoji: str) -> None:
        """A sign on a message, for everybody."""
        await self.later(self._mark(slack_channel_id, ts, emoji))

    async def close(self) -> None:
        """Finish what is begun."""
        await self._pool.drain(_GRACE_SECONDS)

    async def _whisper(
        self, user: str, channel: str, thread: str, text: str, blocks: list[Block]
    ) -> None:
        await self._api.call(
            "chat.postEphemeral", channel=channel, user=user, thread_ts=thread or None, text=text,
            blocks=blocks,
        )  # fmt: skip

    async def _mark(self, channel: str, ts: str, emoji: str) -> None:
        await self._api.call("reactions.add", channel=channel, timestamp=ts, name=emoji)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """A whisper is a kindness: what it meets is written down and no more."""
    try:
        await work
    except ChannelError as error:
        _log.info("slack_desk_not_told", error=str(error))
    except SwitchboardError as error:
        _log.warning("slack_desk_later_failed", code=error.code, error=str(error))
