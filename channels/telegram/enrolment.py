"""What Telegram is told about a bot: its commands in every language, and where its webhook is.

Above: `adapter`. Below: `api`.
"""

from __future__ import annotations

import asyncio

import structlog
from aiogram.methods import GetWebhookInfo, SetMyCommands, SetWebhook
from aiogram.types import BotCommand

from channels.telegram.api import TelegramApi
from channels.telegram.decode import LANGUAGES
from channels.telegram.polling import ALLOWED_UPDATES
from channels.telegram.settings import TelegramSettings
from channels.telegram.webhook import path_of
from core.errors import ChannelError
from core.phrases import Phrases

_log = structlog.get_logger("telegram")
_COMMANDS = ("help", "human", "new", "language")
_LOOK_SECONDS = 60.0
_CONNECTIONS = 40


async def register_commands(api: TelegramApi, phrases: Phrases | None) -> None:
    """The menu of the bot. That it failed is said, and no reason to be silent to customers."""
    if phrases is None:
        return
    try:
        for language in (None, *LANGUAGES):
            commands = [
                BotCommand(
                    command=name, description=phrases.say(f"menu_{name}", language or LANGUAGES[0])
                )
                for name in _COMMANDS
            ]
            await api.call(SetMyCommands(commands=commands, language_code=language))
    except ChannelError as error:
        _log.warning("telegram_commands_not_set", error=str(error))


def webhook_address(settings: TelegramSettings, account: str) -> str:
    """Where Telegram comes to for this bot."""
    return (settings.webhook_url or "").rstrip("/") + path_of(account)


async def keep_webhook(
    api: TelegramApi, settings: TelegramSettings, account: str, ready: asyncio.Event
) -> None:
    """Register the webhook, and look every minute if it is still ours and well."""
    await _set_webhook(api, settings, account)
    ready.set()
    reported = 0
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            info = await api.call(GetWebhookInfo())
            if info.url != webhook_address(settings, account):
                _log.warning("telegram_webhook_lost", account=account)
                await _set_webhook(api, settings, account)
        except ChannelError as error:
            _log.warning("telegram_webhook_not_seen", account=account, error=str(error))
            continue
        when = int(info.last_error_date.timestamp()) if info.last_error_date else 0
        if when > reported:
            reported = when
            _log.warning(
                "telegram_webhook_failing", account=account, error=info.last_error_message,
                waiting=info.pending_update_count,
            )  # fmt: skip


async def _set_webhook(api: TelegramApi, settings: TelegramSettings, account: str) -> None:
    secret = settings.webhook_secret
    await api.call(
        SetWebhook(
            url=webhook_address(settings, account),
            secret_token=secret.get_secret_value() if secret else None,
            allowed_updates=ALLOWED_UPDATES,
            max_connections=_CONNECTIONS,
        )
    )
