"""The HTTP door: `POST /telegram/{account}`, opened by Telegram only.

Above: `adapter`. Below: aiohttp. Without the right secret the answer is 401 and no more. 200 is
said when the update is stored, 503 when the store cannot take it, and Telegram comes again. What
is no update is 4xx: Telegram would hold back a chat for a day on any 5xx.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from channels.telegram.polling import number_of
from core.errors import InputError, TooLarge, Unauthorized

HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1_048_576
Take = Callable[[Any], Awaitable[None]]


class UnreadableMedia(InputError):
    """The body is not said to be JSON."""

    code = "unsupported_media_type"
    status = 415


class WebhookDoor:
    """The route of one bot."""

    def __init__(self, account: str, secret: SecretStr, take: Take) -> None:
        self._path = path_of(account)
        self._secret = secret
        self._take = take

    def add_to(self, app: web.Application) -> None:
        """Mount the route."""
        app.router.add_post(self._path, self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        check_secret(request.headers.getall(HEADER, []), self._secret)
        if request.content_type != "application/json":
            raise UnreadableMedia("an update is JSON")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnreadableMedia("send the body without content encoding")
        update = read_body(await _read(request))
        await self._take(update)
        return web.Response()


def path_of(account: str) -> str:
    """Where Telegram finds this bot."""
    return f"/telegram/{account}"


def check_secret(shown: list[str], secret: SecretStr) -> None:
    """Exactly one header with exactly this value, compared in constant time."""
    given = shown[0].encode("utf-8", "surrogateescape") if len(shown) == 1 else b""
    if not hmac.compare_digest(given, secret.get_secret_value().encode()):
        raise Unauthorized("the secret is missing or wrong")


def read_body(body: bytes) -> dict[str, Any]:
    """An object with a number. Pure. Raises `InputError`."""
    try:
        update: Any = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError("the body is no JSON", code="bad_json") from None
    if not isinstance(update, dict) or number_of(update) is None:
        raise InputError("the body is no update", code="bad_update")
    return update  # pyright: ignore[reportUnknownVariableType]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


async def _read(request: web.Request) -> bytes:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes at most") from None
    except (ValueError, web.RequestPayloadError):
        raise InputError("the body cannot be read", code="bad_body") from None
    if len(body) > MOST_BYTES:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes at most")
    return body
