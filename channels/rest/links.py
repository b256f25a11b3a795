"""A conversation that goes on in another channel: the customer gets links that lead there.

Above: the routes; `switchboard.doors` makes the desk. Below: `core.identity.links`, the optional
power `channels.base.Continues`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from aiohttp import web

from channels.base import Continues
from core.conversation import Head
from core.errors import ChannelError, NotFound
from core.identity.links import LINK_SECONDS, LinkTokens, page_link
from core.messages import format_time

_log = structlog.get_logger("rest")
_SECONDS = 5.0


class LinkDesk:
    """Makes tokens, and the addresses of the channels that take them."""

    def __init__(
        self, tokens: LinkTokens, channels: Mapping[str, Continues], *, page: str | None = None
    ) -> None:
        self._tokens = tokens
        self._channels = channels
        self._page = page

    async def open(self, head: Head) -> web.Response:
        """A new token with all its links; that of the page opens the conversation in a widget."""
        token = self._tokens.issue(head.id, sealed=head.sealed)
        ends = datetime.fromtimestamp(int(time.time()) + LINK_SECONDS, UTC)
        answer = {"token": token, "expires_at": format_time(ends)}
        if self._page is not None:
            answer["web"] = page_link(self._page, token)
        for name, channel in self._channels.items():
            address = await _address(name, channel, token)
            if address is not None:
                answer[name] = address
        return web.json_response(answer, status=201)


async def _address(name: str, channel: Continues, token: str) -> str | None:
    """None if the channel cannot say it now: the token is good all the same."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await channel.link_to(token)
    except (ChannelError, TimeoutError) as error:
        _log.warning("no_link", channel=name, error=type(error).__name__)
        return None


def need_links(desk: LinkDesk | None) -> LinkDesk:
    """Raises `NotFound` where this process makes none."""
    if desk is None:
        raise NotFound("there are no links here")
    return desk
