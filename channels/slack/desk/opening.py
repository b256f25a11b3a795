"""Makes the thread of a case: its card, the address that leads back, what was said before.

Above: `threads`. Below: `anchor`, `poster`, `card`, `transcript`, the log. Before each message the
log is told that it is begun and after it where it stands; whoever comes after a crash asks Slack
before posting it again. Cards of one channel are posted in the order in which the cases began.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.slack.api import SlackRefused
from channels.slack.desk.anchor import Anchor, read_anchor
from channels.slack.desk.blocks import Post
from channels.slack.desk.card import digest_of, draw_card
from channels.slack.desk.gathering import Gathering
from channels.slack.desk.ids import root_mark
from channels.slack.desk.poster import Mark, Poster
from channels.slack.desk.transcript import draw_transcript
from channels.slack.desk.view import View
from channels.slack.ordering import Places
from core.bus.log import RedisLog
from core.conversation import Claim
from core.errors import LeaseLost, RateLimited, TemporaryDeliveryError
from core.runtime import sleep_until

CrashPoint = Callable[[str], Awaitable[None]]
KeepLease = Callable[[Claim], Awaitable[None]]


async def no_crash(_: str) -> None:
    """Where a test may let the process die."""


class Opening:
    """See the module. `keep` extends the lease, or raises `LeaseLost`; when `stop` is set, waiting
    for Slack ends."""

    def __init__(
        self, log: RedisLog, poster: Poster, gathering: Gathering, *, keep: KeepLease,
        stop: asyncio.Event, crash_point: CrashPoint = no_crash,
    ) -> None:  # fmt: skip
        self._log = log
        self._poster = poster
        self._gathering = gathering
        self.keep = keep
        self._stop = stop
        self._crash_point = crash_point
        self._order = Places()

    async def save(self, claim: Claim, anchor: Anchor, **changes: Any) -> Anchor:
        """The anchor with these changes, kept. Raises `LeaseLost`."""
        changed = anchor.model_copy(update=changes)
        if not await self._log.anchor(claim, changed.dump()):
            raise LeaseLost("another has this case by now")
        return changed

    async def complete(self, claim: Claim, anchor: Anchor, view: View) -> Anchor:
        """The thread with all that opens it. Raises `ChannelError`s, `LeaseLost`."""
        if anchor.opened == 0:
            anchor = await self._post_root(claim, anchor, view)
        if not anchor.bound:
            await self._log.rebind(anchor.address, claim.conversation)
            anchor = await self.save(claim, anchor, bound=True)
        if not anchor.ready:
            anchor = await self._tell_before(claim, anchor, view)
        return anchor

    async def _post_root(self, claim: Claim, anchor: Anchor, view: View) -> Anchor:
        """The card; who waits for Slack waits here, the oldest case first."""
        began = view.standing.opened_at or view.head.updated_at
        backoff, tries = self._poster.line.backoff, 0
        async with self._order.turn(anchor.chat, began.timestamp()):
            while True:
                await self.keep(claim)
                try:
                    async with self._poster.line.turn(anchor.chat):
                        return await self._step(claim, anchor, draw_card(view))
                except RateLimited as error:
                    pause = error.retry_after_seconds
                except TemporaryDeliveryError:
                    pause, tries = backoff.pause(tries), tries + 1
                anchor = read_anchor((await self._log.head(claim.conversation)).desk) or anchor
                if await sleep_until(self._stop, pause):
                    raise TemporaryDeliveryError("stopped before the card was posted")

    async def _tell_before(self, claim: Claim, anchor: Anchor, view: View) -> Anchor:
        entries = await self._gathering.entries(claim.conversation, anchor.since, anchor.upto)
        posts = draw_transcript(entries, view)
        while anchor.opened <= len(posts):
            await self.keep(claim)
            async with self._poster.line.turn(anchor.chat):
                anchor = await self._step(claim, anchor, posts[anchor.opened - 1])
        return await self.save(claim, anchor, ready=True)

    async def _step(self, claim: Claim, anchor: Anchor, post: Post) -> Anchor:
        """One message that opens the thread, once."""
        mark = Mark(claim.conversation, root_mark(claim.conversation, anchor.case), anchor.opened)
        is_root, thread = anchor.opened == 0, anchor.ts or None
        found = None
        if anchor.begun:
            found = await self._poster.find(anchor.chat, thread, anchor.begun, mark)
        digest = "" if found else digest_of(post)
        if found is None:
            anchor = await self.save(claim, anchor, begun=time.time())
            await self._crash_point("before_root_post" if is_root else "before_post")
            try:
                found = await self._poster.post(
                    anchor.chat, thread, post, mark, partial(self.keep, claim)
                )
            except (RateLimited, SlackRefused, TemporaryDeliveryError) as error:
                if not isinstance(error, TemporaryDeliveryError) or error.certain:
                    await self.save(claim, anchor, begun=0.0)
                raise
            await self._crash_point("after_root_post" if is_root else "after_post")
        changes: dict[str, Any] = {"opened": anchor.opened + 1, "begun": 0.0}
        if is_root:
            changes |= {"ts": found, "card": digest}
        anchor = await self.save(claim, anchor, **changes)
        if is_root:
            await self._crash_point("after_anchor")
        return anchor
