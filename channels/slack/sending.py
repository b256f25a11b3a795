"""Sends an entry to Slack once: its messages, then its files.

Above: `adapter`. Below: `encode`, `api`, `pacing`. Slack has no key against doubles, so each
message carries a mark, and when an earlier try may have arrived the conversation is read back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import cast

import structlog

from channels.base import House, Report
from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.encode import Post, encode, is_marked
from channels.slack.files import check_address
from channels.slack.pacing import Pacer
from channels.slack.previews import Previews
from core.errors import (
    ChannelError,
    RateLimited,
    SwitchboardError,
    TemporaryDeliveryError,
    UnsupportedContent,
)
from core.ids import parse_slack_id, slack_message_id
from core.messages import Address, Attachment, Entry, Outbound, Receipt

# Clocks differ; what was posted so long before the entry was written is not it.
_CLOCK_SECONDS = 300
_PAGE, _PAGES = 100, 10
_GONE = frozenset({"message_not_found", "file_deleted", "file_not_found"})
_log = structlog.get_logger("slack")


class Sender:
    """The outgoing half of one account."""

    def __init__(
        self, api: SlackApi, pacer: Pacer, previews: Previews, *, account: str, house: House
    ) -> None:
        self._api = api
        self._pacer = pacer
        self._previews = previews
        self._account = account
        self._house = house

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter.send`. Pieces are numbered: messages first, then files."""
        pieces = encode(message.entry, self._house)
        arrived = list(message.sent_ids)
        unsure = message.unsure
        for number in range(len(arrived), len(pieces)):
            piece = pieces[number]
            found = await self._find(message, piece, number) if unsure else None
            unsure = False
            if found is not None:
                arrived.append(found)
            elif isinstance(piece, Post):
                arrived.append(await self._post(message, piece, number))
            else:
                arrived.append(await self._share(message.to, piece))
            await report(arrived)
        await self._drop_preview(message, arrived)
        return Receipt(platform_ids=tuple(arrived))

    async def edit(self, platform_ids: Sequence[str], before: Entry, text: str) -> None:
        """See `ChangesSent`. Where the new words take fewer messages, the last ones go."""
        sent = [place for one in platform_ids if (place := parse_slack_id(one)) is not None]
        sent = [place for place in sent if not _is_file(place[1])]
        changed = encode(before.model_copy(update={"text": text}), self._house)
        posts = [post for post in changed if isinstance(post, Post)]
        if len(posts) > len(sent) or not posts:
            raise UnsupportedContent("the new words do not fit into the messages that were sent")
        for (channel, ts), post in zip(sent, posts, strict=False):
            fields: Json = {"text": post.text, "blocks": post.blocks, "metadata": post.metadata}
            await self._change(channel, "chat.update", {"channel": channel, "ts": ts, **fields})
        for channel, ts in sent[len(posts) :]:
            await self._take_back(channel, ts)

    async def withdraw(self, platform_ids: Sequence[str]) -> None:
        """See `ChangesSent`."""
        for one in platform_ids:
            if (place := parse_slack_id(one)) is not None:
                await self._take_back(*place)

    async def _take_back(self, channel: str, number: str) -> None:
        try:
            if _is_file(number):
                await self._change(channel, "files.delete", {"file": number})
            else:
                await self._change(channel, "chat.delete", {"channel": channel, "ts": number})
        except SlackRefused as error:
            if error.reason not in _GONE:
                raise

    async def _change(self, channel: str, method: str, fields: Json) -> None:
        await self._pacer.take(channel)
        try:
            await self._api.call(method, **fields)
        except RateLimited as error:
            self._pacer.hold(channel, error.retry_after_seconds)
            raise

    async def _post(self, message: Outbound, post: Post, number: int) -> str:
        """One message. The first takes the place of the preview, if there is one."""
        if number == 0 and message.preview is not None:
            shown = await self._previews.finish(message.to, message.preview, post)
            if shown is not None:
                return shown
        await self._pacer.take(message.to.chat)
        try:
            answer = await self._api.call(
                "chat.postMessage", channel=message.to.chat, thread_ts=message.to.thread,
                text=post.text, blocks=post.blocks, metadata=post.metadata,
                unfurl_links=False, unfurl_media=False,
            )  # fmt: skip
        except RateLimited as error:
            self._pacer.hold(message.to.chat, error.retry_after_seconds)
            raise
        return slack_message_id(self._account, str(answer["channel"]), str(answer["ts"]))

    async def _share(self, to: Address, file: Attachment) -> str:
        """One file: an address for it, its bytes, then where it is shown."""
        content = await self._open(file)
        place = await self._api.call(
            "files.getUploadURLExternal", form=True, filename=file.name, length=len(content)
        )
        await self._api.upload(check_address(str(place["upload_url"]), self._api.url), content)
        await self._pacer.take(to.chat)
        number = str(place["file_id"])
        await self._api.call(
            "files.completeUploadExternal",
            files=[{"id": number, "title": file.name}],
            channel_id=to.chat,
            thread_ts=to.thread,
        )
        return slack_message_id(self._account, to.chat, number)

    async def _open(self, file: Attachment) -> bytes:
        try:
            return await self._house.open_file(file)
        except ChannelError:
            raise
        except SwitchboardError as error:
            raise UnsupportedContent(f"the file {file.name!r} cannot be read: {error}") from None

    async def _find(self, message: Outbound, piece: Post | Attachment, number: int) -> str | None:
        """The id of this piece if it is in Slack already. A question that fails leaves it open."""
        known = {parsed[1] for one in message.sent_ids if (parsed := parse_slack_id(one))}
        try:
            async for one in _read_back(self._api, message):
                name = _name_in(one, message, piece, number)
                if name is not None and name not in known:
                    return slack_message_id(self._account, message.to.chat, name)
        except SlackRefused:
            raise
        except ChannelError as error:
            text = f"cannot ask what arrived: {error}"
            raise TemporaryDeliveryError(text, certain=False) from None
        return None

    async def _drop_preview(self, message: Outbound, arrived: list[str]) -> None:
        """A preview that did not become the answer (it was found arrived elsewhere) goes away."""
        if message.preview is None or message.preview in arrived:
            return
        try:
            await self._previews.drop(message.preview)
        except ChannelError as error:  # the answer is there; that must not be sent again
            _log.warning("slack_preview_stays", error=str(error))


def _is_file(number: str) -> bool:
    """Files have names of their own; messages are called by their time."""
    return number.startswith("F")


def _name_in(posted: Json, message: Outbound, piece: Post | Attachment, number: int) -> str | None:
    """What Slack calls this piece, if it is in this message: by our mark, or a file by its name."""
    if isinstance(piece, Post):
        found = is_marked(posted.get("metadata"), message.entry, number)
        return str(posted["ts"]) if found else None
    if not posted.get("bot_id"):
        return None
    names = (str(f["id"]) for f in _list(posted.get("files")) if f.get("title") == piece.name)
    return next(names, None)


async def _read_back(api: SlackApi, message: Outbound) -> AsyncGenerator[Json]:
    """What was posted there since the entry was written."""
    to, cursor = message.to, ""
    oldest = f"{message.entry.at.timestamp() - _CLOCK_SECONDS:.6f}"
    for _ in range(_PAGES):
        fields: Json = {"channel": to.chat, "oldest": oldest, "limit": _PAGE}
        if cursor:
            fields["cursor"] = cursor
        method = "conversations.history" if to.thread is None else "conversations.replies"
        if to.thread is not None:
            fields["ts"] = to.thread
        page = await api.call(method, form=True, include_all_metadata="true", **fields)
        for one in _list(page.get("messages")):
            yield one
        more: Json = page.get("response_metadata") or {}
        cursor = str(more.get("next_cursor") or "")
        if not cursor:
            return


def _list(value: object) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else []
