"""Telegram as a channel: one bot.

Above: `channels.registry`, `service`, `delivery`, the HTTP server. Below: `polling` and `webhook`
(the two ways in), `decode`, `sending`, `previews`. Both ways in end in `_publish`: what an update
says is stored before anything is acknowledged, of one chat in order, of several side by side.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiogram.methods import AnswerCallbackQuery, GetFile, GetMe
from aiogram.types import Update
from aiohttp import web

from channels.base import BARE_HOUSE, Capabilities, Finding, House, Publish, Report
from channels.telegram.addressed import Me
from channels.telegram.api import Refused, TelegramApi
from channels.telegram.checks import check_bot
from channels.telegram.decode import ReadLink, chat_of, decode, no_links, read_update
from channels.telegram.encode import CAPABILITIES
from channels.telegram.enrolment import keep_webhook, register_commands
from channels.telegram.large import MOST_FILE, without_large
from channels.telegram.pacing import Pacer
from channels.telegram.polling import Poller, number_of
from channels.telegram.previews import Previews
from channels.telegram.sending import Sender
from channels.telegram.settings import TelegramSettings, account_of
from channels.telegram.webhook import WebhookDoor
from core.errors import (
    BusUnavailable,
    ChannelError,
    DecodeError,
    InputError,
    PermanentDeliveryError,
    TooLarge,
)
from core.messages import Address, Attachment, Entry, Outbound, Receipt
from core.runtime import end_tasks, spawn

_log = structlog.get_logger("telegram")
_MOST_CHATS = 10_000
_MOST_TRIES = 5


class TelegramAdapter:
    """See `channels.base.ChannelAdapter`; also `HttpDoor`, `ShowsTyping`, `ShowsPreview`,
    `DropsPreview`, `ChangesSent`, `FetchesFiles` and `Checks`."""

    name = "telegram"
    # A long answer is several messages, one a second; a file takes its time.
    deadline_seconds = 90.0

    def __init__(
        self,
        settings: TelegramSettings,
        token: str,
        house: House = BARE_HOUSE,
        *,
        read_link: ReadLink = no_links,
    ) -> None:
        self._settings = settings
        self._house = house
        self._read_link = read_link
        self._me = Me(account_of(token))
        self._api = TelegramApi(
            token, url=settings.api_url, timeout_seconds=settings.timeout_seconds
        )
        pacer = Pacer(
            overall=settings.messages_per_second,
            chat=settings.chat_messages_per_second,
            group_minute=settings.group_messages_per_minute,
        )
        self._sender = Sender(self._api, pacer, house, account=self.account)
        self._previews = Previews(self._api, pacer, self._sender, account=self.account)
        self._order: OrderedDict[int, asyncio.Lock] = OrderedDict()
        self._failed: OrderedDict[int, int] = OrderedDict()

    @property
    def account(self) -> str:
        """The bot's number."""
        return self._me.account

    @property
    def capabilities(self) -> Capabilities:
        """What Telegram carries."""
        return CAPABILITIES

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """Ask for updates; with a webhook, see to it that Telegram knows ours."""
        await self._introduce()
        await register_commands(self._api, self._house.phrases)
        if self._settings.webhook_url is not None:
            await keep_webhook(self._api, self._settings, self.account, ready)
            return

        async def take(updates: list[Any]) -> int:
            return await self._take_all(updates, publish)

        poller = Poller(
            self._api, take, account=self.account, poll_seconds=self._settings.poll_seconds
        )
        await poller.run(ready)

    def add_routes(self, app: web.Application, publish: Publish) -> None:
        """See `HttpDoor`. A bot that polls has no door."""
        secret = self._settings.webhook_secret
        if self._settings.webhook_url is None or secret is None:
            return

        async def take(raw: Any) -> None:
            await self._publish(raw, publish)

        WebhookDoor(self.account, secret, take).add_to(app)

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter.send`."""
        receipt = await self._sender.send(message, report)
        self._previews.end(message.to)
        return receipt

    async def show_typing(self, to: Address) -> None:
        """See `ShowsTyping`."""
        await self._previews.show_typing(to)

    async def show_preview(self, to: Address, text: str, before: str | None) -> str | None:
        """See `ShowsPreview`."""
        return await self._previews.show(to, text, before)

    async def link_to(self, token: str) -> str | None:
        """See `Continues`."""
        await self._introduce()
        return f"https://t.me/{self._me.username}?start={token}" if self._me.username else None

    async def drop_preview(self, to: Address, preview: str) -> None:
        """See `DropsPreview`."""
        await self._previews.drop(preview)

    async def edit_sent(
        self, to: Address, platform_ids: Sequence[str], before: Entry, text: str
    ) -> None:
        """See `ChangesSent`."""
        await self._sender.edit(platform_ids, before, text)

    async def withdraw_sent(self, to: Address, platform_ids: Sequence[str]) -> None:
        """See `ChangesSent`. Telegram lets a bot take back what is not older than two days."""
        await self._sender.withdraw(platform_ids)

    async def fetch(self, attachment: Attachment, *, most_bytes: int) -> bytes:
        """See `FetchesFiles`. Telegram gives bots no file over 20 MB."""
        most = min(most_bytes, MOST_FILE)
        if attachment.size > most:
            raise TooLarge(f"a file may have {most} bytes at most")
        if not attachment.ref:
            raise PermanentDeliveryError("the file has no name at Telegram")
        try:
            found = await self._api.call(GetFile(file_id=attachment.ref))
        except Refused as error:
            if "too big" in error.reason:
                raise TooLarge("Telegram gives no file over 20 MB") from None
            raise
        if found.file_path is None:
            raise PermanentDeliveryError("Telegram gives no way to the file")
        return await self._api.download(found.file_path, most_bytes=most)

    async def check(self) -> Sequence[Finding]:
        """See `Checks`."""
        return await check_bot(self._api, self._settings, self.account)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    async def _introduce(self) -> None:
        """Learn our own name: in groups we are called by it."""
        if self._me.username is None:
            me = await self._api.call(GetMe())
            self._me = Me(self.account, me.username)

    async def _take_all(self, updates: list[Any], publish: Publish) -> int:
        """How many from the first on are stored. Chats do not wait for each other."""
        done = [False] * len(updates)
        chats: dict[int, list[int]] = {}
        for index, raw in enumerate(updates):
            chats.setdefault(_chat_of_raw(raw), []).append(index)

        async def take_chat(indexes: list[int]) -> None:
            for index in indexes:
                await self._publish(updates[index], publish)
                done[index] = True

        tasks = [spawn(take_chat(found), name="telegram-chat") for found in chats.values()]
        try:
            await asyncio.wait(tasks)
        finally:
            await end_tasks(*tasks)
        for task in tasks:
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, BusUnavailable):
                _log.error("telegram_update_failed", account=self.account, error=repr(error))
        return next((index for index, ok in enumerate(done) if not ok), len(done))

    async def _publish(self, raw: Any, publish: Publish) -> None:
        """Store what an update says. Raises `BusUnavailable`: it must come again. What is wrong
        with it will not be better next time: it is logged once and taken as done."""
        number = number_of(raw)
        try:
            update = read_update(raw)
            async with self._in_order(chat_of(update)):
                await self._store(update, publish)
        except (DecodeError, InputError) as error:
            _log.warning(
                "telegram_update_dropped", account=self.account, update=number,
                code=error.code, error=str(error),
            )  # fmt: skip
        except (BusUnavailable, ChannelError):
            raise
        except Exception as error:
            if not self._is_hopeless(number):
                raise
            _log.error(
                "telegram_update_given_up", account=self.account, update=number, error=repr(error)
            )

    async def _store(self, update: Update, publish: Publish) -> None:
        message = update.message or update.edited_message
        if message is not None and message.chat.type != "private" and self._me.username is None:
            await self._introduce()
        for arrival in decode(update, self._me, self._read_link):
            for one in without_large(arrival, self._house.phrases):
                await publish(one)
        if update.callback_query is not None:
            await self._answer_press(update.callback_query.id)

    async def _answer_press(self, query: str) -> None:
        """The button stops turning. Too late for Telegram is no fault of anybody."""
        try:
            await self._api.call(AnswerCallbackQuery(callback_query_id=query))
        except ChannelError as error:
            _log.debug("telegram_press_not_answered", error=str(error))

    def _is_hopeless(self, number: int | None) -> bool:
        """True if this update failed so often that the next ones must not wait for it."""
        key = -1 if number is None else number
        tries = self._failed.pop(key, 0) + 1
        if tries >= _MOST_TRIES:
            return True
        self._failed[key] = tries
        while len(self._failed) > _MOST_CHATS:
            self._failed.popitem(last=False)
        return False

    @asynccontextmanager
    async def _in_order(self, chat: int) -> AsyncGenerator[None]:
        """One at a time in each chat, in the order in which they came."""
        lock = self._order.setdefault(chat, asyncio.Lock())
        self._order.move_to_end(chat)
        async with lock:
            yield
        while len(self._order) > _MOST_CHATS:
            oldest, held = next(iter(self._order.items()))
            if held.locked():
                break
            del self._order[oldest]


def _chat_of_raw(raw: Any) -> int:
    """The chat, or none in particular."""
    try:
        return chat_of(read_update(raw))
    except DecodeError:
        return 0


def build(settings: TelegramSettings, house: House = BARE_HOUSE) -> list[TelegramAdapter]:
    """An adapter for each bot."""
    return [
        TelegramAdapter(settings, token, house, read_link=house.read_link)
        for token in settings.tokens
    ]
