"""The HTTP door: events, presses and commands that Slack brings to `POST /slack/events`.

Above: `adapter`. Below: Slack's signature check. 200 is said when everything is stored, 503 when
the store cannot take it, and Slack comes again. What is not signed by Slack is 401 and no more.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from channels.slack.api import Json
from core.errors import InputError, TooLarge, Unauthorized

PATH = "/slack/events"
MOST_BYTES = 1_048_576
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 100
Take = Callable[[Json], Awaitable[Json | None]]


class EventDoor:
    """The route of one app."""

    def __init__(self, secret: SecretStr, take: Take) -> None:
        self._verifier = SignatureVerifier(secret.get_secret_value())
        self._take = take

    def add_to(self, app: web.Application) -> None:
        """Mount the route."""
        app.router.add_post(PATH, self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        body = await _read(request)
        self._check(body, request)
        payload = read_payload(body, request.content_type)
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": str(payload.get("challenge", ""))[:500]})
        shown = await self._take(payload)
        return web.json_response(shown) if shown else web.Response()

    def _check(self, body: bytes, request: web.Request) -> None:
        """Slack's own check raises on what is no number, no UTF-8 or no ASCII: all of that is a no,
        and so is a header that came twice. Slack signs each try anew, for five minutes."""
        headers = request.headers
        try:
            (stamp,) = headers.getall("X-Slack-Request-Timestamp")
            (signature,) = headers.getall("X-Slack-Signature")
            valid = len(stamp) <= 12 and self._verifier.is_valid(body, stamp, signature)
        except (KeyError, ValueError, TypeError):
            valid = False
        if not valid:
            raise Unauthorized("the signature is missing or wrong")


async def _read(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InputError("send the body without content encoding")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes at most") from None
    except (ValueError, web.RequestPayloadError):
        raise InputError("the body cannot be read", code="bad_body") from None
    if len(body) > MOST_BYTES:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes at most")
    return body


def read_payload(body: bytes, content_type: str) -> Json:
    """What Slack sends: JSON, or a form that holds JSON (presses), or a form (commands). Pure."""
    try:
        text = body.decode("utf-8")
        if content_type == _FORM:
            if text.count("&") >= _MOST_FIELDS:
                raise TooLarge(f"a form may have {_MOST_FIELDS} fields at most")
            fields = dict(parse_qsl(text, keep_blank_values=True))
            return _parse(fields["payload"]) if "payload" in fields else cast("Json", fields)
        return _parse(text)
    except (ValueError, RecursionError):
        raise InputError("the body is not what Slack sends", code="bad_json") from None


def _parse(text: str) -> Json:
    payload: Any = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(payload, dict):
        raise ValueError("no object")
    return cast("Json", payload)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
