"""Asks a captcha service whether an answer is good: the `siteverify` that several of them share.

Above: `gate`. Below: aiohttp. A service that is away lets nobody in by that way: the proof of work
is asked for then.
"""

from __future__ import annotations

from typing import Any, Protocol

import aiohttp
import structlog

_log = structlog.get_logger("floods")
_MOST_BYTES = 65_536


class Verify(Protocol):
    """Whether the answer of somebody at this address is good; None: the service does not say."""

    async def __call__(self, answer: str, address: str) -> bool | None:
        """Ask."""
        ...


class Captcha:
    """Implements `Verify`."""

    def __init__(self, url: str, secret: str, *, seconds: float) -> None:
        self._url = url
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def __call__(self, answer: str, address: str) -> bool | None:
        """See `Verify`."""
        form = {"secret": self._secret, "response": answer, "remoteip": address}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, trust_env=False) as session,
                session.post(self._url, data=form, allow_redirects=False) as response,
            ):
                if response.status != 200 or (response.content_length or 0) > _MOST_BYTES:
                    _log.warning("captcha_refused", status=response.status)
                    return None
                found: Any = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            _log.warning("captcha_away", error=type(error).__name__)
            return None
        return found.get("success") is True if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType]
