"""The pager's adapter: reads the stream, acknowledges what the log has, sends with keys.

Above: `channels.service`, `channels.delivery`. Below: `decode`, `encode`, aiohttp.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import structlog

from channels.base import BARE_HOUSE, Capabilities, House, Publish, Report
from core.errors import (
    DecodeError,
    InputError,
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    TooLarge,
    UnsupportedContent,
)
from core.ids import ConversationId
from core.messages import Address, Attachment, Entry, Outbound, Receipt
from tests.examples.pager.decode import decode, message_of, pager_id
from tests.examples.pager.encode import CAPABILITIES, encode
from tests.examples.pager.settings import PagerSettings

_log = structlog.get_logger("pager")
_NOBODY = ConversationId("-")  # the key of an edit is not looked at
_DEADLINE = aiohttp.ClientTimeout(total=10)
# The stream never ends by itself; a line that is silent for so long is given up.
_STREAM = aiohttp.ClientTimeout(total=None, connect=10, sock_read=90)


class PagerAdapter:
    """See `channels.base.ChannelAdapter`, `ShowsTyping`, `ShowsPreview`, `ChangesSent`,
    `FetchesFiles`."""

    name = "pager"
    account = "default"
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, settings: PagerSettings, house: House = BARE_HOUSE) -> None:
        self._settings = settings
        self._house = house
        self._session: aiohttp.ClientSession | None = None

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """One stream until it breaks; the service around us comes back after a pause."""
        async with self._open().get("/v1/events", timeout=_STREAM) as stream:
            stream.raise_for_status()
            ready.set()
            async for line in stream.content:
                await self._take(line, publish)

    async def _take(self, line: bytes, publish: Publish) -> None:
        """Publish, then acknowledge. `BusUnavailable` goes up and ends the stream: what was not
        acknowledged comes again with the next one."""
        number = None
        try:
            event = json.loads(line)
            number = event["n"]
            arrival = decode(event, self.account)
            if arrival is not None:
                await publish(arrival)
        except (ValueError, TypeError, KeyError, DecodeError) as error:
            _log.warning("event_unreadable", error=type(error).__name__)
        except InputError as error:  # it was stored before with other words, or has no place
            _log.warning("event_refused", code=error.code)
        if number is not None:
            async with self._open().post(f"/v1/events/{number}/ack", timeout=_DEADLINE):
                pass

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """Piece by piece; the key makes an unsure repeat harmless."""
        sent, bodies = list(message.sent_ids), encode(message, self._house)
        if message.preview and not sent:
            await self._call("PATCH", f"/v1/messages/{message_of(message.preview)}", bodies[0])
            sent.append(message.preview)
            await report(sent)
        for body in bodies[len(sent) :]:
            answer = await self._call("POST", "/v1/messages", body)
            sent.append(pager_id(self.account, message.to.chat, answer["id"]))
            await report(sent)
        return Receipt(platform_ids=tuple(sent))

    async def show_typing(self, to: Address) -> None:
        """Show that an answer is on its way."""
        await self._call("POST", "/v1/typing", {"chat": to.chat})

    async def show_preview(self, to: Address, text: str, before: str | None) -> str | None:
        """A message that grows until `send` puts the answer in its place."""
        body = {"chat": to.chat, "text": text[: self.capabilities.max_text]}
        try:
            if before is not None:
                await self._call("PATCH", f"/v1/messages/{message_of(before)}", body)
                return before
            answer = await self._call("POST", "/v1/messages", body)
        except (RateLimited, TemporaryDeliveryError, PermanentDeliveryError):
            return before
        return pager_id(self.account, to.chat, answer["id"])

    async def edit_sent(
        self, to: Address, platform_ids: Sequence[str], before: Entry, text: str
    ) -> None:
        """A person changed what they had said."""
        changed = before.model_copy(update={"text": text})
        bodies = encode(Outbound(conversation=_NOBODY, to=to, entry=changed), self._house)
        if len(bodies) > len(platform_ids):
            raise UnsupportedContent("the new words do not fit into the messages that were sent")
        for platform_id, body in zip(platform_ids, bodies, strict=False):
            await self._call("PATCH", f"/v1/messages/{message_of(platform_id)}", body)
        await self.withdraw_sent(to, platform_ids[len(bodies) :])

    async def withdraw_sent(self, to: Address, platform_ids: Sequence[str]) -> None:
        """A person took back what they had said. The service takes a second time for granted."""
        for platform_id in platform_ids:
            await self._call("DELETE", f"/v1/messages/{message_of(platform_id)}", None)

    async def fetch(self, attachment: Attachment, *, most_bytes: int) -> bytes:
        """The bytes of a file that arrived."""
        async with self._calling("GET", f"/v1/files/{attachment.ref}", None) as response:
            content = await response.content.read(most_bytes + 1)
            while len(content) <= most_bytes and not response.content.at_eof():
                content += await response.content.read(most_bytes + 1 - len(content))
        if len(content) > most_bytes:
            raise TooLarge("the file is larger than is taken")
        return content

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()

    async def _call(self, method: str, path: str, body: Any) -> Any:
        async with self._calling(method, path, body) as response:
            return await response.json() if response.status in {200, 201} else None

    @asynccontextmanager
    async def _calling(
        self, method: str, path: str, body: Any
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """One call, with what went wrong in the words of `core.errors`."""
        try:
            async with self._open().request(method, path, json=body, timeout=_DEADLINE) as answer:
                _check(answer)
                yield answer
        except aiohttp.ClientConnectorError as error:
            raise TemporaryDeliveryError(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError) as error:  # it may have arrived
            raise TemporaryDeliveryError(type(error).__name__, certain=False) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            token = self._settings.token
            secret = token.get_secret_value() if token else ""
            self._session = aiohttp.ClientSession(
                self._settings.url, headers={"Authorization": f"Bearer {secret}"}
            )
        return self._session


def _check(answer: aiohttp.ClientResponse) -> None:
    """Raise what the status means."""
    if answer.status == 429:
        raise RateLimited(retry_after_seconds=float(answer.headers.get("Retry-After", "1")))
    if answer.status >= 500:
        raise TemporaryDeliveryError(f"the service answered {answer.status}")
    if answer.status >= 400:
        raise PermanentDeliveryError(f"the service answered {answer.status}")


def build(settings: PagerSettings, house: House = BARE_HOUSE) -> list[PagerAdapter]:
    """What a line of `channels.registry` names."""
    return [PagerAdapter(settings, house)]
