"""What people wrote in threads while nobody of us heard it: read back, and taken like the rest.

Above: `channels.slack.adapter`, beside its sockets. Below: `inbox_words`, `anchor`, the log. Slack
brings an event for a few minutes only; who was away for longer asks for the threads of the cases
that people have. What was taken before is known by its name, and what was refused stays refused.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.desk.anchor import Anchor, read_anchor
from channels.slack.desk.backing import Backing
from channels.slack.desk.inbox_reading import Said, read_reply
from channels.slack.desk.inbox_words import ThreadWords
from channels.slack.desk.people import People
from core.errors import NotFound
from core.ids import ConversationId, desk_message_id
from core.runtime import sleep_until

_log = structlog.get_logger("slack")
# At first as far back as words are still of use to a customer, later over what a retry may miss.
_FIRST, _AGAIN = timedelta(hours=6), timedelta(minutes=20)
_EVERY_SECONDS = 600.0
# Younger words are on their way by the doors.
_YOUNG = timedelta(seconds=60)
_MOST_CASES, _PAGE = 200, 200
# Slack lets about fifty threads a minute be read.
_PAUSE_SECONDS = 1.3


class CatchUp:
    """Looks after the threads of the cases that people have."""

    def __init__(
        self, api: SlackApi, backing: Backing, people: People, words: ThreadWords, *,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:  # fmt: skip
        self._api = api
        self._backing = backing
        self._people = people
        self._words = words
        self._pause = pause_seconds

    async def run(self) -> None:
        """Until cancelled."""
        span = _FIRST
        while True:
            try:
                await self.look(span)
                span = _AGAIN
            except Exception as error:  # noqa: BLE001 -- the archive or Slack is away: look later
                _log.info("slack_desk_not_read_back", error=repr(error))
            await sleep_until(asyncio.Event(), _EVERY_SECONDS)

    async def look(self, span: timedelta = _FIRST) -> int:
        """Read the threads once; how many words were found that nobody had heard."""
        if self._backing.queue is None:
            return 0
        found = 0
        for row in await self._backing.queue.list(limit=_MOST_CASES):
            found += await self._look_at(ConversationId(str(row["id"])), span)
        return found

    async def _look_at(self, conversation: ConversationId, span: timedelta) -> int:
        try:
            head = await self._backing.log.head(conversation)
        except NotFound:
            return 0
        anchor = read_anchor(head.desk)
        if anchor is None or not anchor.ts or head.owner != "human":
            return 0
        found = 0
        for said in await self._read(anchor, span):
            if await self._is_new(conversation, said):
                _log.info("slack_desk_read_back", conversation=conversation)
                await self._words.take(said)
                found += 1
        return found

    async def _read(self, anchor: Anchor, span: timedelta) -> list[Said]:
        """What people wrote there in this time, oldest first."""
        now = self._backing.now()
        try:
            page = await self._api.call(
                "conversations.replies", form=True, channel=anchor.chat, ts=anchor.ts, limit=_PAGE,
                oldest=_stamp(now - span), latest=_stamp(now - _YOUNG),
            )  # fmt: skip
        except SlackRefused as error:
            _log.info("slack_thread_unread", reason=error.reason)
            return []
        await sleep_until(asyncio.Event(), self._pause)
        messages: list[Json] = page.get("messages") or []
        replies = [read_reply(one, anchor.chat) for one in messages]
        return [one for one in replies if one is not None and not one.is_bot]

    async def _is_new(self, conversation: ConversationId, said: Said) -> bool:
        """Nobody took it, and nobody refused it."""
        name = desk_message_id((await self._people.own()).team, said.channel, said.ts)
        if await self._backing.log.seq_of(conversation, name) is not None:
            return False
        return not await self._words.was_refused(conversation, said)


def _stamp(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
