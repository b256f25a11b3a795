"""An answer shown while it is made: a draft in a private chat, else one message that is changed.

Above: `adapter`. Below: `api`, `pacing`. A draft goes by itself when the message comes; a Bot API
server that knows no drafts is found out once. A preview that fails costs the customer nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeVar

import structlog
from aiogram.methods import (
    DeleteMessage,
    EditMessageText,
    SendChatAction,
    SendMessage,
    SendMessageDraft,
)

from channels.telegram.api import Refused, TelegramApi
from channels.telegram.encode import preview_text
from channels.telegram.pacing import Pacer
from channels.telegram.sending import Sender, without_preview
from core.errors import ChannelError, RateLimited
from core.ids import parse_telegram_id, telegram_message_id
from core.messages import Address

V = TypeVar("V")
_log = structlog.get_logger("telegram")
_GAP_SECONDS = 1.0
_MOST_CHATS = 10_000
_LARGEST_DRAFT = 2**31 - 1


class Previews:
    """The previews of one bot that are shown now."""

    def __init__(self, api: TelegramApi, pacer: Pacer, sender: Sender, *, account: str) -> None:
        self._api = api
        self._pacer = pacer
        self._sender = sender
        self._account = account
        self._has_drafts = True
        self._drafts: OrderedDict[int, int] = OrderedDict()
        self._shown: OrderedDict[int, tuple[float, str]] = OrderedDict()
        self._held = 0.0

    async def show_typing(self, to: Address) -> None:
        """Telegram shows it for five seconds."""
        try:
            chat, thread = self._sender.place_of(to)
            await self._api.call(
                SendChatAction(chat_id=chat, message_thread_id=thread, action="typing")
            )
        except ChannelError as error:
            _log.debug("telegram_typing_failed", error=str(error))

    async def show(self, to: Address, text: str, before: str | None) -> str | None:
        """See `ShowsPreview`."""
        now = asyncio.get_running_loop().time()
        words = preview_text(text)
        try:
            chat, thread = self._sender.place_of(to)
            last, shown = self._shown.get(chat, (0.0, ""))
            if now < self._held or now - last < _GAP_SECONDS or not words or words == shown:
                return before
            _keep(self._shown, chat, (now, words))
            may_draft = before is None and chat > 0 and self._has_drafts
            if may_draft and await self._draft(chat, thread, words):
                return None
            return await self._change(chat, thread, words, before)
        except RateLimited as error:
            self._held = now + error.retry_after_seconds
        except ChannelError as error:
            _log.debug("telegram_preview_failed", error=str(error))
        return before

    def end(self, to: Address) -> None:
        """The answer is there: the next draft is another."""
        try:
            chat, _ = self._sender.place_of(to)
        except ChannelError:
            return
        self._drafts[chat] = self._drafts.get(chat, 1) % _LARGEST_DRAFT + 1
        self._shown.pop(chat, None)

    async def drop(self, preview: str) -> None:
        """See `DropsPreview`."""
        place = parse_telegram_id(preview)
        if place is None:
            return
        try:
            await self._api.call(DeleteMessage(chat_id=place[0], message_id=place[1]))
        except Refused as error:
            if "not found" not in error.reason:
                raise

    async def _draft(self, chat: int, thread: int | None, words: str) -> bool:
        """False if this server has no drafts."""
        draft = self._drafts.get(chat, 1)
        _keep(self._drafts, chat, draft)
        try:
            await self._api.call(
                SendMessageDraft(chat_id=chat, message_thread_id=thread, draft_id=draft, text=words)
            )
        except Refused as error:
            _log.info("telegram_without_drafts", account=self._account, reason=error.reason)
            self._has_drafts = False
        return self._has_drafts

    async def _change(
        self, chat: int, thread: int | None, words: str, before: str | None
    ) -> str | None:
        if not self._pacer.take_now(chat):
            return before
        if before is None:
            sent = await self._api.call(
                SendMessage(
                    chat_id=chat, message_thread_id=thread, text=words,
                    link_preview_options=without_preview(words), disable_notification=True,
                )
            )  # fmt: skip
            return telegram_message_id(self._account, sent.chat.id, sent.message_id)
        place = parse_telegram_id(before)
        if place is not None and place[0] == chat:
            await self._api.call(
                EditMessageText(
                    chat_id=chat,
                    message_id=place[1],
                    text=words,
                    link_preview_options=without_preview(words),
                )
            )
        return before


def _keep(known: OrderedDict[int, V], key: int, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST_CHATS:
        known.popitem(last=False)
