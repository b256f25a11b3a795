"""What `switchboard doctor` finds out about a bot: it is asked, nothing is changed.

Above: `adapter`. Below: `api`.
"""

from __future__ import annotations

from aiogram.methods import GetMe, GetWebhookInfo
from aiogram.types import User, WebhookInfo

from channels.base import Finding
from channels.telegram.api import Refused, TelegramApi
from channels.telegram.enrolment import webhook_address
from channels.telegram.settings import TelegramSettings
from core.errors import ChannelError

_TOKEN = "Ask @BotFather for the token (/mybots, API Token) and set TELEGRAM_BOT_TOKEN."  # noqa: S105
_REACH = "Check TELEGRAM_API_URL, and that this machine may connect to it."
_WEBHOOK = (
    "The address must be https on port 443, 80, 88 or 8443 with a valid certificate, and lead to "
    "the web role: check TELEGRAM_WEBHOOK_URL, the proxy in front, and TELEGRAM_WEBHOOK_SECRET."
)


async def check_bot(api: TelegramApi, settings: TelegramSettings, account: str) -> list[Finding]:
    """Token, way in, groups."""
    try:
        me = await api.call(GetMe())
    except Refused:
        return [Finding(False, f"Telegram does not know the bot {account}", _TOKEN)]
    except ChannelError as error:
        mend = _TOKEN if "token" in str(error) else _REACH
        return [Finding(False, f"the bot {account}: {error}", mend)]
    name = f"@{me.username}" if me.username else me.first_name
    found = [Finding(True, f"the token opens {name} ({account})")]
    try:
        info = await api.call(GetWebhookInfo())
    except ChannelError as error:
        return [*found, Finding(False, f"the webhook cannot be looked at: {error}", _REACH)]
    return [*found, *_way_in(info, settings, account), _groups(me)]


def _way_in(info: WebhookInfo, settings: TelegramSettings, account: str) -> list[Finding]:
    if settings.webhook_url is None:
        if not info.url:
            return [Finding(True, "messages are asked for by long polling")]
        return [
            Finding(
                True, "another address is set as webhook; the telegram role will take it away",
                "If that webhook is wanted, set TELEGRAM_WEBHOOK_URL and TELEGRAM_WEBHOOK_SECRET.",
            )
        ]  # fmt: skip
    if info.url != webhook_address(settings, account):
        return [
            Finding(
                False, "Telegram does not know our webhook (yet)",
                "Start `switchboard up` or `switchboard run telegram`: it registers the webhook.",
            )
        ]  # fmt: skip
    if info.last_error_message:
        waiting = info.pending_update_count
        what = f"Telegram's last call failed: {info.last_error_message} ({waiting} waiting)"
        return [Finding(waiting == 0, what, _WEBHOOK)]
    return [Finding(True, f"Telegram comes to us ({info.pending_update_count} waiting)")]


def _groups(me: User) -> Finding:
    if me.can_join_groups is False:
        return Finding(True, "the bot is for private chats only (/setjoingroups changes that)")
    if me.can_read_all_group_messages:
        return Finding(
            True, "in groups the bot is shown every message; it reads those that address it",
            "Turn privacy mode on (@BotFather, /setprivacy) so that it is shown only those.",
        )  # fmt: skip
    return Finding(True, "in groups the bot is shown what addresses it (privacy mode is on)")
