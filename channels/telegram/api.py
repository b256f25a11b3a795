"""Calls to the Bot API, with our errors.

Above: everything else in this folder. Below: aiogram. Whatever aiogram raises becomes a
`ChannelError` here; neither text nor cause of it holds the token, which is part of every address.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod

from core.errors import (
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    TooLarge,
    UnsupportedContent,
)

T = TypeVar("T")
_PERHAPS_DONE = ("bad gateway", "gateway time-out", "gateway timeout")
_CONNECTIONS = 200
# Whether a link is previewed; servers of the Bot API that others wrote do not all know of it.
_NICETY = "link_preview_options"


class Refused(PermanentDeliveryError):
    """Telegram said no; `reason` in its words, lower case."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Telegram refuses: {reason}")
        self.reason = reason.lower()


class Moved(ChannelError):
    """The group is a supergroup now, under another number."""

    def __init__(self, chat: int) -> None:
        super().__init__("the group has moved")
        self.chat = chat


class Rivalry(ChannelError):
    """Somebody else receives for this bot: another process, or a webhook."""


class RawUpdates(TelegramMethod[list[Any]]):
    """`getUpdates`, each update left as it came: one that we cannot read must not hide the rest."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class TelegramApi:
    """One bot's line to Telegram."""

    def __init__(self, token: str, *, url: str, timeout_seconds: float) -> None:
        server = TelegramAPIServer.from_base(url.rstrip("/"))
        self._session = AiohttpSession(api=server, timeout=timeout_seconds, limit=_CONNECTIONS)
        self._bot = Bot(token, session=self._session)
        self._timeout = timeout_seconds
        self._is_plain = False

    async def call(self, method: TelegramMethod[T], *, wait_seconds: float = 0) -> T:
        """The answer. `wait_seconds` is how long Telegram may take on purpose. Raises
        `ChannelError`. A server that refuses a nicety by its name is asked without it."""
        # ClientTimeout counts in seconds; aiogram hands on whatever number it is given.
        seconds = cast("int", self._timeout + wait_seconds)
        nice = getattr(method, _NICETY, None) is not None
        if nice and self._is_plain:
            return await self._ask(method.model_copy(update={_NICETY: None}), seconds)
        try:
            return await self._ask(method, seconds)
        except Refused as error:
            if not nice or _NICETY not in error.reason:
                raise
            self._is_plain = True
            return await self.call(method, wait_seconds=wait_seconds)

    async def _ask(self, method: TelegramMethod[T], seconds: int) -> T:
        try:
            return await self._session(self._bot, method, timeout=seconds)
        except (TelegramAPIError, ClientDecodeError, aiohttp.ClientError, OSError) as error:
            raise translate(error) from None

    async def download(self, path: str, *, most_bytes: int) -> bytes:
        """The bytes of a file. Raises `TooLarge` or `ChannelError`."""
        parts: list[bytes] = []
        size = 0
        url = self._session.api.file_url(self._bot.token, path)
        try:
            async for chunk in self._session.stream_content(url, timeout=int(self._timeout) + 45):
                size += len(chunk)
                if size > most_bytes:
                    raise TooLarge(f"a file may have {most_bytes} bytes at most")
                parts.append(chunk)
        except aiohttp.ClientResponseError as error:  # its words hold the address, and so the token
            status = error.status
            if status in {400, 403, 404, 410}:
                raise PermanentDeliveryError(f"the file is gone ({status})") from None
            raise TemporaryDeliveryError(f"the file cannot be had now ({status})") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            kind = type(error).__name__
            raise TemporaryDeliveryError(f"the file cannot be had now ({kind})") from None
        return b"".join(parts)

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()


def translate(error: Exception) -> ChannelError:  # noqa: C901 -- a table
    """What an error of aiogram means to us."""
    said = error.message if isinstance(error, TelegramAPIError) else ""
    if isinstance(error, TelegramRetryAfter):
        return RateLimited("Telegram asks to wait", retry_after_seconds=error.retry_after)
    if isinstance(error, TelegramMigrateToChat):
        return Moved(error.migrate_to_chat_id)
    if isinstance(error, TelegramNetworkError):
        cause = error.__cause__
        certain = isinstance(cause, aiohttp.ClientConnectorError)
        return TemporaryDeliveryError(f"no answer ({type(cause).__name__})", certain=certain)
    if isinstance(error, TelegramServerError):
        if "method" in said.lower():  # a server that lacks it, with a 501
            return Refused(said)
        certain = not any(words in said.lower() for words in _PERHAPS_DONE)
        return TemporaryDeliveryError("Telegram has a fault", certain=certain)
    if isinstance(error, TelegramConflictError):
        return Rivalry(f"somebody else receives for this bot: {said}")
    if isinstance(error, TelegramUnauthorizedError):
        return TemporaryDeliveryError("the token of the bot is not valid (any more)")
    if isinstance(error, TelegramEntityTooLarge):
        return UnsupportedContent("the file is too large for Telegram")
    if isinstance(error, (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound)):
        return Refused(said)
    if isinstance(error, ClientDecodeError):
        return TemporaryDeliveryError("the answer is none of Telegram's", certain=False)
    if isinstance(error, TelegramAPIError):
        return Refused(said)
    return TemporaryDeliveryError(f"no answer ({type(error).__name__})", certain=False)
