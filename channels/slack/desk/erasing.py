"""Takes away in Slack what our bot wrote of a person who was forgotten.

Above: the composition root (`core.privacy.posts.PostRemover`). Below: `line`, `refusals`. A thread
is read before anything of it goes: it holds more than the log knows of (the card, what it told
first). A bot may delete its own messages only; those of people are given back with a link.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

from channels.slack.api import Json, SlackRefused
from channels.slack.desk.line import Line
from channels.slack.desk.refusals import meaning_of
from core.privacy.posts import Post, joined

_PAGE, _PAGES = 200, 50
_GONE = frozenset({"message_not_found", "thread_not_found", "file_deleted", "file_not_found"})
_NOT_OURS = frozenset({"cant_delete_message", "cant_delete_file"})
NOT_OURS = "not ours"


class SlackPosts:
    """See the module. Slack allows fifty deletions a minute: the line's pace is to be below."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def find(self, posts: Sequence[Post]) -> list[Post]:
        """See `PostRemover`. What cannot be read is left as it was: removing it says why."""
        found: list[Post] = []
        known: set[tuple[str, str]] = set()
        for post in posts:
            if post.what not in {"thread", "post"} or post.key in known:
                continue
            try:
                root = post.ts if post.what == "thread" else await self._root_of(post)
                async for message in self._read(post.channel, root):
                    found += _posts_in(post.channel, root, message)
            except SlackRefused as error:
                if meaning_of(error) == "app":
                    raise
            known = {one.key for one in found}
        return joined(found, posts)

    async def remove(self, post: Post) -> Post:
        """See `PostRemover`."""
        try:
            if post.what == "reply":
                return post.settled("by_hand", NOT_OURS, await self._link(post))
            if post.what == "file":
                await self._line.call("files.delete", file=post.ts)
            else:
                await self._line.call("chat.delete", channel=post.channel, ts=post.ts)
        except SlackRefused as error:
            return await self._refused(post, error)
        return post.settled("removed")

    async def close(self) -> None:
        """Let go of connections."""
        await self._line.api.close()

    async def _refused(self, post: Post, error: SlackRefused) -> Post:
        """Raises it if people must mend the app first: then it is tried again."""
        if error.reason in _GONE:
            return post.settled("gone")
        if meaning_of(error) == "app":
            raise error
        reason = NOT_OURS if error.reason in _NOT_OURS else error.reason
        try:
            link = await self._link(post)
        except SlackRefused:
            link = ""
        return post.settled("by_hand", reason, link)

    async def _link(self, post: Post) -> str:
        """Where people find it. Raises `ChannelError`s; a file has none."""
        if post.what == "file":
            return ""
        answer = await self._line.call(
            "chat.getPermalink", form=True, channel=post.channel, message_ts=post.ts
        )
        return str(answer.get("permalink") or "")

    async def _root_of(self, post: Post) -> str:
        """The time stamp of what opens the thread in which it stands."""
        page = await self._page(post.channel, post.ts, limit=1)
        for message in _list(page.get("messages")):
            return str(message.get("thread_ts") or post.ts)
        return post.ts

    async def _read(self, channel: str, root: str) -> AsyncGenerator[Json]:
        cursor = ""
        for _ in range(_PAGES):
            page = await self._page(channel, root, limit=_PAGE, cursor=cursor or None)
            for message in _list(page.get("messages")):
                yield message
            more: Json = page.get("response_metadata") or {}
            cursor = str(more.get("next_cursor") or "")
            if not cursor:
                return

    async def _page(self, channel: str, ts: str, **fields: Any) -> Json:
        return await self._line.call(
            "conversations.replies", form=True, channel=channel, ts=ts, **fields
        )


def _posts_in(channel: str, root: str, message: Json) -> list[Post]:
    """A message with the files that hang on it; nothing for the place of one that was deleted."""
    ts = str(message.get("ts") or "")
    if not ts or message.get("subtype") == "tombstone":
        return []
    if not message.get("bot_id"):
        return [Post(channel=channel, ts=ts, what="reply")]
    files = [str(file["id"]) for file in _list(message.get("files")) if file.get("id")]
    own = Post(channel=channel, ts=ts, what="thread" if ts == root else "post")
    return [own, *(Post(channel=channel, ts=name, what="file") for name in files)]


def _list(value: object) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else []
