"""What a platform shows of an answer, when the time of the answer has come: used, or taken away.

Above: `delivery`. Below: the log, the optional power `channels.base.DropsPreview`. A preview is of
use to the entry it was made for, at the address where it stands. One whose answer may not leave, or
will never come, is taken away before anything else is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from core.bus.log import RedisLog
from core.conversation import Claim, Preview
from core.errors import ChannelError, RateLimited, TemporaryDeliveryError
from core.ids import seen_of_reply
from core.messages import Address, Entry
from core.runtime import Backoff

_log = structlog.get_logger("delivery")
_SECONDS = 10.0
# So many times a preview is tried to be taken away before what follows is said all the same.
_ATTEMPTS = 8
_BACKOFF = Backoff(first=0.5, top=30.0)
# Ends what is being shown of an entry in this process; a call that runs is waited for, shortly.
Hush = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True)
class Shown:
    """What there is of an entry: a preview to change into it, or a pause before trying again."""

    preview: Preview | None = None
    retry_seconds: float = 0.0

    def usable(self, address: Address) -> str | None:
        """The platform's id of the message to change, if it stands where the answer goes."""
        return self.preview.id if self.preview and self.preview.to == address else None


NOTHING = Shown()


async def _no_hush(conversation: str, entry: str) -> None:
    return


class ShownAnswers:
    """Settles previews for the delivery of one channel."""

    def __init__(self, log: RedisLog, sender: object, hush: Hush = _no_hush) -> None:
        self._log = log
        self._drop: Any = getattr(sender, "drop_preview", None)
        self._hush = hush

    async def settle(self, claim: Claim, entry: Entry, preview: Preview | None) -> Shown:
        """What to do with the preview that the ticket of this entry told of."""
        await self._hush(claim.conversation, entry.id)
        if preview is None:
            return NOTHING
        address, withheld = claim.head.address, _is_old(entry, claim)
        if preview.entry == entry.id and preview.to == address and not withheld:
            return Shown(preview)
        if not _is_left_over(preview, entry, claim):
            return NOTHING
        return await self._take_away(claim, preview)

    async def _take_away(self, claim: Claim, preview: Preview) -> Shown:
        try:
            if self._drop is not None:
                async with asyncio.timeout(_SECONDS):
                    await self._drop(preview.to, preview.id)
        except (ChannelError, TimeoutError) as error:
            again = isinstance(error, RateLimited | TemporaryDeliveryError | TimeoutError)
            if again and claim.attempts <= _ATTEMPTS:
                wait = error.retry_after_seconds if isinstance(error, RateLimited) else 0.0
                return Shown(retry_seconds=wait or _BACKOFF.pause(claim.attempts - 1))
            _log.error("preview_stays", conversation=claim.conversation, error=str(error))
        await self._log.drop_preview(claim.conversation, preview.id)
        return NOTHING


def _is_old(entry: Entry, claim: Claim) -> bool:
    """As `begin_send` sees it: the words of the AI from before a take-over."""
    return entry.author.role == "ai" and entry.epoch < claim.head.epoch


def _is_left_over(preview: Preview, entry: Entry, claim: Claim) -> bool:
    """True if its answer will not come in this place any more: a later turn's may still."""
    if preview.entry == entry.id or preview.epoch < claim.head.epoch:
        return True
    seen = seen_of_reply(preview.entry)
    return seen is None or seen < entry.seq
