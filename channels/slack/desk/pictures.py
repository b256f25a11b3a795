"""The pictures of people, as files of ours: fetched once, from where Slack keeps them.

Above: `people`. Below: the adapter's web session, the file store. A picture that cannot be had
costs nobody anything: the reply goes without.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from urllib.parse import urlsplit

import structlog

from channels.base import PutFile
from channels.slack.api import Json, SlackApi
from core.errors import SwitchboardError

_log = structlog.get_logger("slack")
_SIZES = ("image_192", "image_72")
_HOSTS = (".slack-edge.com", ".gravatar.com", ".wp.com")
_MOST_BYTES = 1_000_000
# The first reply of a person waits so long for their picture, and no longer.
_SECONDS = 1.5
_AGAIN_SECONDS = 600.0
_MOST = 1_000


class Pictures:
    """The pictures of one workspace's people."""

    def __init__(self, api: SlackApi, put: PutFile) -> None:
        self._api = api
        self._put = put
        self._known: OrderedDict[str, tuple[str | None, float]] = OrderedDict()

    async def of(self, person: str, profile: Json) -> str | None:
        """The file of this person's picture; None if there is none."""
        address = next((str(profile[size]) for size in _SIZES if profile.get(size)), "")
        if not is_picture_host(address, self._api.url):
            return None
        key = f"avatar:{person}:{address}"
        file, at = self._known.get(key, (None, None))
        now = asyncio.get_running_loop().time()
        if at is None or (file is None and now - at > _AGAIN_SECONDS):
            file = await self._fetch(address, key)
            self._known[key] = (file, now)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return file

    async def _fetch(self, address: str, key: str) -> str | None:
        try:
            async with asyncio.timeout(_SECONDS):
                content = await self._api.look_at(address, most_bytes=_MOST_BYTES)
                kept = await self._put(content, name="avatar", key=key)
        except (SwitchboardError, TimeoutError) as error:
            _log.info("slack_picture_failed", error=type(error).__name__)
            return None
        return kept.id if kept.media_type.startswith("image/") else None


def is_picture_host(address: str, api_url: str) -> bool:
    """True for an address at which Slack keeps pictures: asked without our token, and still nobody
    else's. A gateway on another Web API server asks that server."""
    try:
        parts, api = urlsplit(address), urlsplit(api_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    own = (api.hostname or "").endswith("slack.com")
    if not own and parts.netloc == api.netloc:
        return True
    plain = parts.scheme == "https" and parts.username is None and port in {None, 443}
    return plain and host.endswith(_HOSTS)
