"""Puts the desk's messages and files into Slack, changes them, and finds them again.

Above: `opening`, `threads`, `mirror`. Below: `line`, `ids`. Every message carries its mark, so that
after a crash the channel itself says whether it is there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog

from channels.slack.api import Json, SlackRefused
from channels.slack.desk.blocks import Block, Post, context, cut, safe
from channels.slack.desk.ids import metadata, read_mark
from channels.slack.desk.line import Line, MayStill
from channels.slack.desk.lines import Share
from channels.slack.desk.refusals import meaning_of
from channels.slack.files import check_address
from core.errors import ChannelError, RateLimited, TemporaryDeliveryError
from core.messages import Attachment

_log = structlog.get_logger("desk")
# Clocks differ; what was posted so long before is not it.
_CLOCK_SECONDS = 300
_PAGE, _PAGES = 200, 50
_PLAIN = 3000
_CUSTOMISE = "chat:write.customize"

OpenFile = Callable[[Attachment], Awaitable[bytes]]


@dataclass(frozen=True)
class Mark:
    """What a message of ours shows."""

    conversation: str
    entry: str
    part: int = 0

    def fields(self) -> dict[str, Any]:
        """As Slack keeps it."""
        return metadata(self.conversation, self.entry, self.part)

    def is_on(self, message: Json) -> bool:
        """True if the message carries it."""
        return read_mark(message) == (self.conversation, self.entry, self.part)


class Poster:
    """See the module. `open_file` gives the bytes of a file of ours."""

    def __init__(self, line: Line, open_file: OpenFile) -> None:
        self.line = line
        self._open_file = open_file
        self._has_faces = True

    async def post(
        self, chat: str, thread: str | None, post: Post, mark: Mark, may_still: MayStill
    ) -> str:
        """One message; its time stamp. Raises `ChannelError`s, and what `may_still` raises."""
        try:
            return await self._post(chat, thread, post, mark, may_still)
        except SlackRefused as error:
            if _CUSTOMISE in error.needed and self._has_faces:
                _log.warning("desk_without_names", mend=str(error))
                self._has_faces = False
            elif meaning_of(error) == "message":
                # Its form, not its place: the bare words are better than nothing.
                _log.error("desk_message_refused", reason=error.reason)
                post = Post(cut(post.text, _PLAIN) or "…", face=post.face)
            else:
                raise
            return await self._post(chat, thread, post, mark, may_still)

    async def _post(
        self, chat: str, thread: str | None, post: Post, mark: Mark, may_still: MayStill
    ) -> str:
        blocks, face = list(post.blocks), post.face
        names: Json = {}
        if self._has_faces and face.name:
            names = {"username": face.name, "icon_emoji": face.emoji, "icon_url": face.picture}
        elif face.name and thread is not None:
            blocks.insert(0, context(f"*{safe(face.name)}*"))
        answer = await self.line.call(
            "chat.postMessage", place=chat, may_still=may_still, channel=chat, thread_ts=thread,
            text=post.text, blocks=blocks or None, metadata=mark.fields(), unfurl_links=False,
            unfurl_media=False, **names,
        )  # fmt: skip
        return str(answer["ts"])

    async def update(self, chat: str, ts: str, post: Post, mark: Mark) -> None:
        """Other words and blocks for a message of ours. Raises `ChannelError`s."""
        blocks: list[Block] = list(post.blocks)
        await self.line.call(
            "chat.update", channel=chat, ts=ts, text=post.text, blocks=blocks,
            metadata=mark.fields(),
        )  # fmt: skip

    async def share(self, chat: str, thread: str, share: Share, may_still: MayStill) -> str:
        """A file into the thread; Slack's id of it. Raises `ChannelError`s, and what reading the
        file raises."""
        content = await self._open_file(share.file)
        place = await self.line.call(
            "files.getUploadURLExternal", form=True, filename=share.file.name, length=len(content)
        )
        api = self.line.api
        await api.upload(check_address(str(place["upload_url"]), api.url), content)
        number = str(place["file_id"])
        await self.line.call(
            "files.completeUploadExternal", place=chat, may_still=may_still,
            files=[{"id": number, "title": share.title}], channel_id=chat, thread_ts=thread,
        )  # fmt: skip
        return number

    async def find(
        self, chat: str, thread: str | None, since: float, mark: Mark, *, title: str = ""
    ) -> str | None:
        """What Slack calls the message with this mark, or the file of this title, if it is there.

        Raises `TemporaryDeliveryError` when Slack cannot tell now: then nobody knows.
        """
        try:
            async for one in self._read_back(chat, thread, since):
                if mark.is_on(one):
                    return str(one["ts"])
                for file in _list(one.get("files")) if title and one.get("bot_id") else ():
                    if file.get("title") == title:
                        return str(file["id"])
        except (SlackRefused, RateLimited):
            raise
        except ChannelError as error:
            text = f"cannot ask what arrived: {error}"
            raise TemporaryDeliveryError(text, certain=False) from None
        return None

    async def _read_back(self, chat: str, thread: str | None, since: float) -> AsyncGenerator[Json]:
        """What was posted there since then."""
        cursor, oldest = "", f"{since - _CLOCK_SECONDS:.6f}"
        method = "conversations.history" if thread is None else "conversations.replies"
        for _ in range(_PAGES):
            more: Json = {"ts": thread} if thread is not None else {}
            if cursor:
                more["cursor"] = cursor
            page = await self.line.call(
                method, form=True, channel=chat, oldest=oldest, limit=_PAGE,
                include_all_metadata="true", **more,
            )  # fmt: skip
            for one in _list(page.get("messages")):
                yield one
            told: Json = page.get("response_metadata") or {}
            cursor = str(told.get("next_cursor") or "")
            if not cursor:
                return


def _list(value: object) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else []
