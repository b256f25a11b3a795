"""Bots as the libraries' own first pages show them: stock receiving, conversations in a dict.

Above: `test_stock_bots`, which kills them. Below: aiogram, slack-bolt. They answer the customer's
words after a moment, as a bot does that has something to look up. `python -m tests.chaos.stock_bots
telegram|slack URL TOKEN…`
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

THINKS_SECONDS = 0.2
conversations: dict[str, list[str]] = {}


async def answer(chat: str, text: str) -> str:
    """Remember, think, answer."""
    conversations.setdefault(chat, []).append(text)
    await asyncio.sleep(THINKS_SECONDS)
    return text


async def run_telegram(url: str, token: str) -> None:
    """aiogram's dispatcher and its own polling."""
    from aiogram import Bot, Dispatcher
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import Message

    dispatcher = Dispatcher()

    async def on_message(message: Message) -> None:
        await message.answer(await answer(str(message.chat.id), message.text or ""))

    dispatcher.message.register(on_message)
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))
    await dispatcher.start_polling(bot, polling_timeout=1)


async def run_slack(url: str, token: str, app_token: str) -> None:
    """slack-bolt's app and its own Socket Mode handler."""
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    app = AsyncApp(client=AsyncWebClient(token, base_url=url))

    async def on_message(event: dict[str, Any], say: Any) -> None:
        if "bot_id" not in event:
            await say(await answer(event["channel"], event.get("text", "")))

    app.event("message")(on_message)
    await AsyncSocketModeHandler(app, app_token).start_async()


if __name__ == "__main__":
    asyncio.run({"telegram": run_telegram, "slack": run_slack}[sys.argv[1]](*sys.argv[2:]))
