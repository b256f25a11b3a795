"""Settings of Telegram. Above: the composition root. Below: pydantic."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]{3,100}\Z")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")


class TelegramSettings(BaseModel):
    """The bots. With a webhook address Telegram comes to us; without, we ask it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bot_token: SecretStr | None = Field(
        default=None, description="Token of the bot from BotFather; several separated by commas."
    )
    api_url: str = Field(
        default="https://api.telegram.org", description="Another Bot API server, if one is used."
    )
    webhook_url: str | None = Field(
        default=None,
        description="Public https address of this gateway. Empty: the bots ask by long polling.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="What Telegram must show with every webhook call: letters, digits, _ and -.",
    )
    poll_seconds: int = Field(
        default=30, ge=1, le=50, description="How long one question for new messages waits."
    )
    timeout_seconds: float = Field(
        default=15.0, gt=0, description="How long any other call to Telegram may take."
    )
    messages_per_second: float = Field(
        default=30.0, gt=0, description="Messages that one bot sends over all chats."
    )
    chat_messages_per_second: float = Field(
        default=1.0, gt=0, description="Messages into one chat; a few more may come at once."
    )
    group_messages_per_minute: float = Field(
        default=20.0, gt=0, description="Messages into one group."
    )

    @model_validator(mode="after")
    def _check(self) -> TelegramSettings:
        accounts = [_account_of(token) for token in self.tokens]
        if None in accounts:
            raise ValueError(
                "a bot token is a number, a colon and letters, as BotFather gives it: mend "
                "TELEGRAM_BOT_TOKEN"
            )
        if len(set(accounts)) < len(accounts):
            raise ValueError("the same bot is twice in TELEGRAM_BOT_TOKEN")
        if self.webhook_url is not None:
            self._check_webhook(self.webhook_url)
        return self

    def _check_webhook(self, url: str) -> None:
        if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).netloc:
            raise ValueError("TELEGRAM_WEBHOOK_URL is no web address")
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if not _SECRET.match(secret):
            raise ValueError(
                "a webhook without a secret would believe anybody: set TELEGRAM_WEBHOOK_SECRET to "
                "1-256 letters, digits, _ or - (for example from `openssl rand -hex 32`)"
            )

    @property
    def is_configured(self) -> bool:
        """True if there is a bot."""
        return bool(self.tokens)

    @property
    def tokens(self) -> list[str]:
        """One for each bot."""
        text = self.bot_token.get_secret_value() if self.bot_token else ""
        return [part.strip() for part in text.split(",") if part.strip()]


def account_of(token: str) -> str:
    """The account's name in addresses: the bot's number, which stands before the colon."""
    return token.partition(":")[0]


def _account_of(token: str) -> str | None:
    match = _TOKEN.match(token)
    return match[1] if match else None
