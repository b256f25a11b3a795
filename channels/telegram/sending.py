"""Sends an entry to Telegram once: its messages, then its files.

Above: `adapter`. Below: `encode`, `api`, `pacing`. Telegram has no key against doubles and cannot
be asked what arrived: a piece whose answer was lost is sent again, and that is said in the log.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import structlog
from aiogram.methods import (
    DeleteMessage,
    EditMessageText,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.types import BufferedInputFile, LinkPreviewOptions, Message

from channels.base import House, Report
from channels.telegram.api import Moved, Refused, TelegramApi
from channels.telegram.encode import Parcel, Words, encode
from channels.telegram.pacing import Pacer
from core.errors import (
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    SwitchboardError,
    UnsupportedContent,
)
from core.ids import parse_telegram_id, telegram_message_id
from core.messages import Address, Entry, Outbound, Receipt

_log = structlog.get_logger("telegram")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_PERHAPS_LINK = re.compile(r"\w\.\S|[^\W\d_]:\S")
_UPLOAD_SECONDS = 60.0
_MOST_MOVED = 1_000
# What a changed message can be refused for without harm to the words.
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class Sender:
    """The outgoing half of one bot."""

    def __init__(self, api: TelegramApi, pacer: Pacer, house: House, *, account: str) -> None:
        self._api = api
        self._pacer = pacer
        self._house = house
        self._account = account
        self._moved: OrderedDict[int, int] = OrderedDict()

    def place_of(self, to: Address) -> tuple[int, int | None]:
        """The chat, where it is now, and the topic. Raises `PermanentDeliveryError`."""
        try:
            chat = int(to.chat)
            thread = None if to.thread is None else int(to.thread)
        except ValueError:
            raise PermanentDeliveryError("no address of Telegram") from None
        return self._moved.get(chat, chat), thread

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter.send`."""
        posts = encode(message.entry, self._house.phrases, self._house.link)
        arrived = list(message.sent_ids)
        if message.unsure and len(arrived) < len(posts):
            _log.warning(
                "telegram_perhaps_doubled",
                conversation=message.conversation,
                chat=message.to.chat,
                seq=message.entry.seq,
                piece=len(arrived),
            )
        for number in range(len(arrived), len(posts)):
            arrived.append(await self._send_one(message, posts[number], number))
            await report(arrived)
        return Receipt(platform_ids=tuple(arrived))

    async def edit(self, platform_ids: Sequence[str], before: Entry, text: str) -> None:
        """See `ChangesSent`. Where the new words take fewer messages, the last ones go."""
        sent = [place for one in platform_ids if (place := parse_telegram_id(one)) is not None]
        posts = [post for post in self._encode(before, text) if isinstance(post, Words)]
        count = sum(isinstance(post, Words) for post in self._encode(before, before.text))
        if len(posts) > min(count, len(sent)) or not posts:
            raise UnsupportedContent("the new words do not fit into the messages that were sent")
        for (chat, number), post in zip(sent, posts, strict=False):
            await self._change(chat, number, post)
        for chat, number in sent[len(posts) : count]:
            await self._withdraw(chat, number)

    async def withdraw(self, platform_ids: Sequence[str]) -> None:
        """See `ChangesSent`."""
        for one in platform_ids:
            if (place := parse_telegram_id(one)) is not None:
                await self._withdraw(*place)

    def _encode(self, entry: Entry, text: str) -> list[Words | Parcel]:
        changed = entry.model_copy(update={"text": text})
        return encode(changed, self._house.phrases, self._house.link)

    async def _change(self, chat: int, number: int, words: Words) -> None:
        await self._pacer.take(chat)
        try:
            await self._call(chat, _changed_method(chat, number, words))
        except Moved:
            raise PermanentDeliveryError("the group has moved since") from None
        except Refused as error:
            if "message is not modified" not in error.reason:
                raise

    async def _withdraw(self, chat: int, number: int) -> None:
        await self._pacer.take(chat)
        try:
            await self._api.call(DeleteMessage(chat_id=chat, message_id=number))
        except RateLimited as error:
            self._pacer.hold(chat, error.retry_after_seconds)
            raise
        except Moved:
            raise PermanentDeliveryError("the group has moved since") from None
        except Refused as error:
            if "message to delete not found" not in error.reason:
                raise

    async def _send_one(self, message: Outbound, post: Words | Parcel, number: int) -> str:
        try:
            return await self._try(message, post, number)
        except Moved as moved:
            chat = self.place_of(message.to)[0]
            _log.info("telegram_group_moved", chat=chat, to=moved.chat)
            self._moved[int(message.to.chat)] = moved.chat
            while len(self._moved) > _MOST_MOVED:
                self._moved.popitem(last=False)
            return await self._try(message, post, number)

    async def _try(self, message: Outbound, post: Words | Parcel, number: int) -> str:
        chat, thread = self.place_of(message.to)
        if number == 0 and message.preview is not None and isinstance(post, Words):
            shown = await self._finish_preview(chat, message.preview, post)
            if shown is not None:
                return shown
        await self._pacer.take(chat)
        if isinstance(post, Words):
            sent = await self._call(chat, _words_method(chat, thread, post))
        else:
            sent = await self._share(chat, thread, post)
        return telegram_message_id(self._account, sent.chat.id, sent.message_id)

    async def _finish_preview(self, chat: int, preview: str, words: Words) -> str | None:
        """Change the preview into the message; None if it is there no more. Doing it twice is as
        doing it once."""
        place = parse_telegram_id(preview)
        if place is None or place[0] != chat:
            return None
        await self._pacer.take(chat)
        try:
            await self._call(chat, _changed_method(chat, place[1], words))
        except Refused as error:
            if "message is not modified" in error.reason:
                return preview
            if any(words in error.reason for words in _GONE):
                return None
            raise
        return preview

    async def _share(self, chat: int, thread: int | None, parcel: Parcel) -> Message:
        """A file; a picture that Telegram does not take as one goes as a document."""
        data = await self._open(parcel)
        upload = BufferedInputFile(data, filename=parcel.file.name)
        if parcel.is_photo:
            try:
                photo = SendPhoto(chat_id=chat, message_thread_id=thread, photo=upload)
                return await self._call(chat, photo, wait_seconds=_UPLOAD_SECONDS)
            except Refused as error:
                if "photo" not in error.reason and "image" not in error.reason:
                    raise
        document = SendDocument(chat_id=chat, message_thread_id=thread, document=upload)
        return await self._call(chat, document, wait_seconds=_UPLOAD_SECONDS)

    async def _open(self, parcel: Parcel) -> bytes:
        try:
            return await self._house.open_file(parcel.file)
        except ChannelError:
            raise
        except SwitchboardError as error:
            raise UnsupportedContent(f"the file cannot be read: {error.code}") from None

    async def _call(
        self, chat: int, method: TelegramMethod[Message] | TelegramMethod[Message | bool],
        *, wait_seconds: float = 0,
    ) -> Message:  # fmt: skip
        try:
            call = cast("TelegramMethod[Message | bool]", method)
            answer = await self._api.call(call, wait_seconds=wait_seconds)
        except RateLimited as error:
            self._pacer.hold(chat, error.retry_after_seconds)
            raise
        if not isinstance(answer, Message):
            raise PermanentDeliveryError("Telegram tells of no message")
        return answer


def _words_method(chat: int, thread: int | None, words: Words) -> SendMessage:
    return SendMessage(
        chat_id=chat,
        message_thread_id=thread,
        text=words.text,
        entities=list(words.entities) or None,
        reply_markup=words.keyboard,
        link_preview_options=without_preview(words.text, words.entities),
    )


def _changed_method(chat: int, number: int, words: Words) -> EditMessageText:
    return EditMessageText(
        chat_id=chat,
        message_id=number,
        text=words.text,
        entities=list(words.entities) or None,
        reply_markup=words.keyboard,
        link_preview_options=without_preview(words.text, words.entities),
    )


def without_preview(text: str, entities: Sequence[object] = ()) -> LinkPreviewOptions | None:
    """No preview of a link, where there may be one."""
    return _NO_PREVIEW if entities or _PERHAPS_LINK.search(text) else None
