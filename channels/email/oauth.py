"""Access tokens for mail servers that take no passwords (XOAUTH2), got with a refresh token.

Above: `imap`, `smtp`. Below: the standard library. `get` blocks and is called from threads; one
token serves both servers of a mailbox until shortly before it ends. No token is ever shown.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

# A token that ends so soon is not used any more.
_SPARE_SECONDS = 60.0
_USUAL_SECONDS = 3_600.0
_MOST_ANSWER = 64 * 1024


class TokenError(Exception):
    """No access token. `refused`: the grant itself is not good (any more)."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


@dataclass(frozen=True)
class Grant:
    """What a person allowed once: to get access tokens for a mailbox."""

    token_url: str
    client_id: str
    refresh_token: str = field(repr=False)
    client_secret: str = field(default="", repr=False)
    scope: str = ""

    @property
    def host(self) -> str:
        """Who gives the tokens."""
        return urllib.parse.urlsplit(self.token_url).hostname or ""


class AccessTokens:
    """The token of one mailbox, got anew when it is needed."""

    def __init__(
        self, grant: Grant, *, timeout_seconds: float, ca_file: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._grant = grant
        self._refresh = grant.refresh_token
        self._timeout = timeout_seconds
        self._ca_file = ca_file
        self._clock = clock
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def get(self) -> str:
        """A token that is good for a while. Raises `TokenError`."""
        with self._lock:
            if not self._token or self._clock() >= self._ends - _SPARE_SECONDS:
                self._take(self._ask())
            return self._token

    def forget(self, token: str) -> None:
        """A server did not take it: the next one is asked for."""
        with self._lock:
            if token == self._token:
                self._token = ""

    def _take(self, answer: dict[str, Any]) -> None:
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise TokenError(f"{self._grant.host} gives no access token")
        lasts = float(seconds) if isinstance(seconds, int | float) else _USUAL_SECONDS
        self._token, self._ends = token, self._clock() + lasts
        if isinstance(newer := answer.get("refresh_token"), str) and newer:
            self._refresh = newer  # some give a new one each time, and let the old one end later

    def _ask(self) -> dict[str, Any]:
        grant = self._grant
        fields = {
            "grant_type": "refresh_token", "refresh_token": self._refresh,
            "client_id": grant.client_id, "client_secret": grant.client_secret,
            "scope": grant.scope,
        }  # fmt: skip
        body = urllib.parse.urlencode({name: text for name, text in fields.items() if text})
        request = urllib.request.Request(  # noqa: S310 -- its scheme is checked in `accounts`
            grant.token_url, data=body.encode(), headers={"Accept": "application/json"}
        )
        context = ssl.create_default_context(cafile=self._ca_file)
        try:
            with urllib.request.urlopen(  # noqa: S310
                request, timeout=self._timeout, context=context
            ) as answer:
                return self._read(answer.read(_MOST_ANSWER))
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except (OSError, ValueError) as error:
            raise TokenError(f"{grant.host} cannot be asked: {type(error).__name__}") from None

    def _refusal(self, error: urllib.error.HTTPError) -> TokenError:
        """400 and 401 say that the grant is not good; the reason is one word."""
        with error:
            try:
                reason = str(self._read(error.read(_MOST_ANSWER)).get("error") or "")
            except (OSError, TokenError):
                reason = ""
        word = reason if reason.isidentifier() else str(error.code)
        if error.code in {400, 401, 403}:
            said = f"{self._grant.host} refuses the refresh token: {word}"
            return TokenError(said, refused=True)
        return TokenError(f"{self._grant.host} answered {error.code}")

    def _read(self, raw: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TokenError(f"{self._grant.host} gives no access token")
        return cast("dict[str, Any]", answer)
