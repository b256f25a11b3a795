"""Slack's Web API under deadlines, with its refusals in our words.

Above: `sending`, `previews`, `sockets`, `adapter`. Below: slack_sdk. Slack's client repeats a call
by itself when a connection breaks, which posts twice; here nothing is repeated, and the error says
whether it may have been done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.errors import (
    ChannelError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    TooLarge,
)

Json = dict[str, Any]
DEADLINE_SECONDS = 10.0
_UPLOAD_SECONDS = 60.0
_CHUNK = 65_536
# What a person can mend, and how.
_MENDS = {
    "channel_not_found": "the Slack channel does not exist, or the app may not see it",
    "not_in_channel": "the app is not in this Slack channel: invite it with /invite",
    "is_archived": "the Slack channel is archived",
    "account_inactive": "the app was removed from the workspace: install it again",
    "token_revoked": "the bot token was revoked: install the app again and set SLACK_BOT_TOKEN",
    "token_expired": "the bot token is too old: set SLACK_BOT_TOKEN to the new one",
    "invalid_auth": "Slack does not know this token: check SLACK_BOT_TOKEN and SLACK_APP_TOKEN",
    "not_authed": "no token reached Slack: check SLACK_BOT_TOKEN",
    "missing_scope": "the app lacks a right (scope): paste channels/slack/manifest.yaml again",
    "restricted_action": "the workspace does not let the app write here",
    "user_disabled": "the person's account in Slack is closed",
    "cannot_dm_bot": "a bot takes no direct messages",
    "msg_too_long": "the message is too long for Slack",
    "invalid_blocks": "Slack refuses the form of the message",
}
_FAULTS = frozenset({
    "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ekm_access_denied",
    "team_added_to_org", "accesslimited", "external_channel_migrating", "unknown_error",
})  # fmt: skip
_LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


class SlackRefused(PermanentDeliveryError):
    """Slack said no; `reason` is its word for why, and `scopes` what the call would need."""

    def __init__(self, method: str, reason: str, needed: str = "") -> None:
        mend = _MENDS.get(reason, "Slack refuses it")
        lacking = f" ({needed})" if needed else ""
        super().__init__(f"{mend}{lacking} [{method}: {reason}]")
        self.reason = reason
        self.needed = needed


class SlackApi:
    """One workspace's Web API. The session is opened when it is first used, in its loop."""

    def __init__(self, token: SecretStr, *, url: str) -> None:
        self._token = token
        self.url = url if url.endswith("/") else f"{url}/"
        self._opened: aiohttp.ClientSession | None = None
        self._ended = False
        self._quiet = logging.getLogger("slack_sdk.client")
        self._quiet.setLevel(logging.WARNING)  # below, it writes what customers say
        self._client: AsyncWebClient | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections; shared with the sockets."""
        if self._ended:
            raise TemporaryDeliveryError("the account is closed")
        if self._opened is None or self._opened.closed:
            self._opened, self._client = aiohttp.ClientSession(), None
        return self._opened

    async def call(
        self, method: str, *, token: SecretStr | None = None, form: bool = False, **fields: Any
    ) -> Json:
        """Call a method; those that read want a form. Raises the `ChannelError` that says what to
        do next."""
        given = {name: value for name, value in fields.items() if value is not None}
        sent: Json = {"data": {k: str(v) for k, v in given.items()}} if form else {"json": given}
        return cast("Json", (await self._ask(method, token or self._token, sent)).data)

    async def _ask(self, method: str, token: SecretStr, sent: Json) -> AsyncSlackResponse:
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                client: Any = self._web()  # its types are half known
                return await client.api_call(method, headers=headers, **sent)
        except SlackApiError as error:
            raise _translate(method, error) from None
        except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreached(method, error) from None

    async def test(self) -> tuple[Json, frozenset[str]]:
        """Who we are, and the rights that the token has. Raises `ChannelError`s."""
        answer = await self._ask("auth.test", self._token, {"json": {}})
        headers = cast("Mapping[str, str]", answer.headers)
        scopes = str(headers.get("x-oauth-scopes") or "")
        return cast("Json", answer.data), frozenset(s.strip() for s in scopes.split(",") if s)

    async def upload(self, address: str, content: bytes) -> None:
        """The bytes of a file to where Slack wants them."""
        try:
            async with (
                asyncio.timeout(_UPLOAD_SECONDS),
                self.session.post(address, data=BytesIO(content), allow_redirects=False) as answer,
            ):
                if answer.status >= 300:
                    raise TemporaryDeliveryError(f"the upload of a file: {answer.status}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TemporaryDeliveryError(f"the upload of a file: {type(error).__name__}") from None

    async def download(self, address: str, *, most_bytes: int) -> bytes:
        """The bytes of a file. Raises `TooLarge` and `ChannelError`s."""
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        try:
            async with (
                asyncio.timeout(_UPLOAD_SECONDS),
                self.session.get(address, headers=headers, allow_redirects=False) as answer,
            ):
                _check_download(answer)
                return await _read(answer, most_bytes)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TemporaryDeliveryError(f"a file of Slack: {type(error).__name__}") from None

    async def look_at(self, address: str, *, most_bytes: int) -> bytes:
        """The bytes of something public, asked for without our token. Raises as `download`."""
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                self.session.get(address, allow_redirects=False) as answer,
            ):
                _check_download(answer)
                return await _read(answer, most_bytes)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TemporaryDeliveryError(f"a picture: {type(error).__name__}") from None

    async def close(self) -> None:
        """Let go of connections, for good."""
        self._ended = True
        if self._opened is not None:
            await self._opened.close()

    def _web(self) -> AsyncWebClient:
        session = self.session
        if self._client is None:
            self._client = AsyncWebClient(
                base_url=self.url, timeout=int(DEADLINE_SECONDS), session=session,
                retry_handlers=[], logger=self._quiet,
            )  # fmt: skip
        return self._client


def _translate(method: str, error: SlackApiError) -> ChannelError:
    """Slack's refusal in our words."""
    answer: Any = error.response
    headers = cast("Mapping[str, str]", getattr(answer, "headers", None) or {})
    status = int(getattr(answer, "status_code", 0) or getattr(answer, "status", 0) or 0)
    data: Any = getattr(answer, "data", None)
    fields = cast("Json", data) if isinstance(data, dict) else {}
    reason = str(fields.get("error") or "")
    if status == 429 or reason in _LIMITS:
        return RateLimited(
            f"{method}: Slack asks to wait",
            retry_after_seconds=_seconds(headers.get("Retry-After")),
        )
    if status >= 500 or not reason or reason in _FAULTS:
        return TemporaryDeliveryError(f"{method}: {reason or status}", certain=False)
    return SlackRefused(method, reason, str(fields.get("needed") or ""))


def _unreached(method: str, error: Exception) -> ChannelError:
    """Nobody answered. Where no connection was made, nothing arrived."""
    certain = isinstance(error, aiohttp.ClientConnectorError)
    return TemporaryDeliveryError(f"{method}: {type(error).__name__}", certain=certain)


def _seconds(text: str | None) -> float:
    try:
        return min(max(float(text or 1), 0.1), 3600.0)
    except ValueError:
        return 1.0


def _check_download(answer: aiohttp.ClientResponse) -> None:
    """Without the right to read files Slack shows its login page instead."""
    if answer.status == 429:
        raise RateLimited(
            "a file of Slack", retry_after_seconds=_seconds(answer.headers.get("Retry-After"))
        )
    if answer.status >= 500:
        raise TemporaryDeliveryError(f"a file of Slack: {answer.status}")
    if answer.status != 200:
        raise PermanentDeliveryError(
            f"Slack does not give the file ({answer.status}): it is gone, or files:read is lacking"
        )


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    if (answer.content_length or 0) > most_bytes:
        raise TooLarge(f"a file may have {most_bytes} bytes at most")
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > most_bytes:
            raise TooLarge(f"a file may have {most_bytes} bytes at most")
    return bytes(content)
