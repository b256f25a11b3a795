"""An answer shown while it is made: streamed where Slack can, else one message that is changed.

Above: `adapter`, `sending`. Below: `api`. Slack streams into threads only, and in channels only to
a person it is told; a direct message outside threads is changed at most once a second. A preview
that fails costs the customer nothing: the answer comes all the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeVar

import structlog

from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.encode import Post, preview_text
from channels.slack.mrkdwn import escape
from core.errors import ChannelError, RateLimited
from core.ids import parse_slack_id, slack_message_id
from core.messages import Address

K = TypeVar("K")
V = TypeVar("V")
_log = structlog.get_logger("slack")
_MOST = 1_000
_GAP_SECONDS = 1.0
_MOST_STREAM = 11_000
# The stream is over, or never was one: the message can be changed like any other.
_NO_STREAM = frozenset({"message_not_in_streaming_state", "message_not_found", "unknown_method"})
_TYPING = "…"


class Previews:
    """The previews of one account that are shown now."""

    def __init__(self, api: SlackApi, *, account: str) -> None:
        self._api = api
        self._account = account
        # What a stream has shown so far; a changed message is not here.
        self._streams: OrderedDict[str, str] = OrderedDict()
        self._changed: OrderedDict[str, float] = OrderedDict()
        self._writers: OrderedDict[tuple[str, str | None], tuple[str, str]] = OrderedDict()
        self._held = 0.0

    def remember(self, place: Address, contact: str | None) -> None:
        """Who wrote there last: `slack:TEAM:USER`."""
        _, _, person = (contact or "").partition(":")
        team, _, user = person.partition(":")
        if user:
            _keep(self._writers, (place.chat, place.thread), (team, user))

    async def show_typing(self, to: Address) -> None:
        """Only threads have a place for it."""
        if to.thread is None:
            return
        try:
            await self._api.call(
                "assistant.threads.setStatus",
                channel_id=to.chat,
                thread_ts=to.thread,
                status=_TYPING,
            )
        except ChannelError as error:
            _log.debug("slack_typing_failed", error=str(error))

    async def show(self, to: Address, text: str, before: str | None) -> str | None:
        """See `ShowsPreview`."""
        now = asyncio.get_running_loop().time()
        if now < self._held or not text.strip():
            return before
        if before is not None and now - self._changed.get(before, 0.0) < _GAP_SECONDS:
            return before
        try:
            shown = (
                await self._begin(to, text) if before is None else await self._go_on(before, text)
            )
        except RateLimited as error:
            self._held = now + error.retry_after_seconds
            return before
        except ChannelError as error:
            _log.debug("slack_preview_failed", error=str(error))
            return before
        _keep(self._changed, shown, asyncio.get_running_loop().time())
        return shown

    async def finish(self, to: Address, preview: str, post: Post) -> str | None:
        """Change the preview into the message; None if it is there no more. Doing it twice is as
        doing it once."""
        place = parse_slack_id(preview)
        if place is None or place[0] != to.chat:
            return None
        channel, ts = place
        if self._streams.pop(preview, None) is not None:
            await self._stop(channel, ts)
        fields: Json = {"text": post.text, "blocks": post.blocks, "metadata": post.metadata}
        try:
            await self._api.call("chat.update", channel=channel, ts=ts, **fields)
        except SlackRefused as error:
            if error.reason == "streaming_state_conflict":  # begun by a process that is gone
                await self._stop(channel, ts)
                await self._api.call("chat.update", channel=channel, ts=ts, **fields)
            elif error.reason in {"message_not_found", "cant_update_message", "edit_window_closed"}:
                return None
            else:
                raise
        return preview

    async def drop(self, preview: str) -> None:
        """Take a preview away that nothing became of. Raises `ChannelError`."""
        self._streams.pop(preview, None)
        if (place := parse_slack_id(preview)) is None:
            return
        try:
            await self._api.call("chat.delete", channel=place[0], ts=place[1])
        except SlackRefused as error:
            if error.reason not in {"message_not_found", "channel_not_found"}:
                raise

    async def _begin(self, to: Address, text: str) -> str:
        if (fields := self._can_stream(to)) is not None:
            shown = escape(text)[:_MOST_STREAM]
            try:
                answer = await self._api.call(
                    "chat.startStream", channel=to.chat, thread_ts=to.thread, markdown_text=shown,
                    **fields,
                )  # fmt: skip
            except SlackRefused as error:
                _log.debug("slack_preview_failed", error=str(error))
            else:
                name = slack_message_id(self._account, str(answer["channel"]), str(answer["ts"]))
                _keep(self._streams, name, text)
                return name
        answer = await self._api.call(
            "chat.postMessage", channel=to.chat, thread_ts=to.thread, text=preview_text(text),
            unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return slack_message_id(self._account, str(answer["channel"]), str(answer["ts"]))

    async def _go_on(self, before: str, text: str) -> str:
        place = parse_slack_id(before)
        if place is None:
            return before
        shown = self._streams.get(before)
        if shown is None:
            await self._api.call(
                "chat.update", channel=place[0], ts=place[1], text=preview_text(text)
            )
        elif text.startswith(shown) and len(text) > len(shown) and len(text) < _MOST_STREAM:
            await self._append(before, place, text, shown)
        return before

    async def _append(self, before: str, place: tuple[str, str], text: str, shown: str) -> None:
        try:
            await self._api.call(
                "chat.appendStream", channel=place[0], ts=place[1],
                markdown_text=escape(text[len(shown) :]),
            )  # fmt: skip
        except SlackRefused as error:
            if error.reason not in _NO_STREAM:
                raise
            self._streams.pop(before, None)  # it ran out: from now on the message is changed
        else:
            _keep(self._streams, before, text)

    async def _stop(self, channel: str, ts: str) -> None:
        try:
            await self._api.call("chat.stopStream", channel=channel, ts=ts)
        except SlackRefused as error:
            if error.reason not in _NO_STREAM:
                raise

    def _can_stream(self, to: Address) -> Json | None:
        """What the start of a stream must say besides the place; None where there is none."""
        if to.thread is None:
            return None
        if to.chat.startswith("D"):
            return {}
        writer = self._writers.get((to.chat, to.thread))
        if writer is None:
            return None
        return {"recipient_team_id": writer[0], "recipient_user_id": writer[1]}


def _keep(known: OrderedDict[K, V], key: K, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST:
        known.popitem(last=False)
