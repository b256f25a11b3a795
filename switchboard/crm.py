"""Speaks HTTP with the company's CRM. Above: `systems`, `wiring`. Below: aiohttp.

An answer is read up to a size and within a deadline, redirects are not followed (the key goes to
the address that was set, and nowhere else), and what is no JSON is no answer.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from core.customers.crm.client import CrmAnswer, CrmClient
from core.customers.crm.settings import CrmSettings
from core.errors import CustomerSystemError

_MOST_BYTES = 2_097_152


class CrmFetch:
    """Implements `core.customers.crm.client.Fetch`; `close` lets go of connections."""

    def __init__(self, settings: CrmSettings) -> None:
        self._url = settings.url or ""
        self._key = settings.api_key
        self._session: aiohttp.ClientSession | None = None

    async def __call__(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None,
        key: str | None = None, seconds: float,
    ) -> CrmAnswer:  # fmt: skip
        """See `Fetch`."""
        try:
            async with self._open().request(
                method, self._url + path, params=query, headers=self._headers(key),
                data=None if body is None else orjson.dumps(body), allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:  # fmt: skip
                return CrmAnswer(
                    status=response.status, data=await _read(response),
                    retry_after_seconds=_seconds(response.headers.get("Retry-After")),
                )  # fmt: skip
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CustomerSystemError(f"the CRM does not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _headers(self, key: str | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        if key is not None:
            headers["Idempotency-Key"] = key
        return headers


def open_crm(settings: CrmSettings) -> tuple[CrmClient, CrmFetch] | None:
    """The client of the CRM that is set; None if none is."""
    if settings.url is None:
        return None
    fetch = CrmFetch(settings)
    client = CrmClient(
        fetch, deadline_seconds=settings.deadline_seconds, kept_seconds=settings.kept_seconds
    )
    return client, fetch


async def _read(response: aiohttp.ClientResponse) -> Any:
    """The JSON of the body, if it is some, and not too large."""
    data = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        data += piece
        if len(data) > _MOST_BYTES:
            return None
    try:
        return orjson.loads(bytes(data)) if data else None
    except orjson.JSONDecodeError:
        return None


def _seconds(text: str | None) -> float | None:
    try:
        return min(max(float(text), 0.0), 60.0) if text else None
    except ValueError:
        return None
