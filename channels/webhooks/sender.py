"""Makes one request of a webhook: signed, with a deadline, to a checked address, no redirects.

Above: `service`. Below: aiohttp, `channels.egress`, `core.webhooks.signing`. What the receiver says
is read as far as it matters: its status, and how long it wants to be left alone.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp
import orjson

from channels.egress import Egress
from core.webhooks.records import Attempt, Delivery
from core.webhooks.signing import secret_of, signed_headers

_AGENT = "Switchboard-webhooks/1"
_MOST_WAIT = 86_400.0


class WebhookSender:
    """Holds the connections; use as an async context."""

    def __init__(self, egress: Egress, *, house_secret: str, timeout_seconds: float) -> None:
        self._egress = egress
        self._secret = house_secret
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> WebhookSender:
        connector = aiohttp.TCPConnector(resolver=self._egress.resolver(), ttl_dns_cache=0)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _AGENT}, trust_env=False,
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._session is not None:
            await self._session.close()

    async def send(self, url: str, delivery: Delivery) -> Attempt:
        """One attempt. Never raises for what the network or the receiver does."""
        if self._session is None:
            raise RuntimeError("the sender is not open")
        body = orjson.dumps(delivery.payload).decode()
        secret = secret_of(self._secret, delivery.webhook)
        headers = signed_headers(secret, delivery.event, datetime.now(UTC), body)
        try:
            if not self._egress.may_connect(_host_of(url)):
                return Attempt(ok=False, error="its address is not public")
            async with self._session.post(
                url,
                data=body.encode(),
                allow_redirects=False,
                headers={"Content-Type": "application/json", **headers},
            ) as response:
                return _judge(response)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Attempt(ok=False, error=f"{type(error).__name__}: {error}"[:300])


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _judge(response: aiohttp.ClientResponse) -> Attempt:
    """2xx is taken, 410 is enough for ever, everything else is tried again."""
    status = response.status
    if 200 <= status < 300:
        return Attempt(ok=True, status=status)
    return Attempt(
        ok=False, status=status, error=f"HTTP {status}", gone=status == 410,
        wait_seconds=_wait(response.headers.get("Retry-After")),
    )  # fmt: skip


def _wait(text: str | None) -> float | None:
    """`Retry-After` in seconds or as a date, within a day."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _MOST_WAIT) if seconds == seconds else None
