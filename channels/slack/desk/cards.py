"""Keeps the cards current: after what happens in a case, and when the customer has seen an answer.

Above: `threads`. Below: `card`, `gathering`, `poster`, `opening`. Changing a card to what it says
already does no harm, so the second kind needs no lease; what a restart forgets of it is made good
by whatever happens next.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import structlog

from channels.slack.api import SlackRefused
from channels.slack.desk.anchor import Anchor, read_anchor
from channels.slack.desk.card import digest_of, draw_card
from channels.slack.desk.gathering import Gathering
from channels.slack.desk.ids import root_mark
from channels.slack.desk.opening import CrashPoint, Opening
from channels.slack.desk.poster import Mark, Poster
from channels.slack.desk.refusals import meaning_of
from channels.slack.desk.view import View, awaits_eyes
from core.bus.log import RedisLog
from core.conversation import Claim
from core.errors import BusError, ChannelError, NotFound, RateLimited
from core.ids import ConversationId

_log = structlog.get_logger("desk")
_MOST = 2_000
# So long it is looked whether an answer was seen.
_WATCH_SECONDS = 900.0


class Cards:
    """The cards of all cases that this process shows."""

    def __init__(
        self, log: RedisLog, poster: Poster, gathering: Gathering, opening: Opening, *,
        gap_seconds: float, crash_point: CrashPoint,
    ) -> None:  # fmt: skip
        self._log = log
        self._poster = poster
        self._gathering = gathering
        self._opening = opening
        self._gap = gap_seconds
        self._crash_point = crash_point
        self._changed: OrderedDict[str, float] = OrderedDict()
        self._shown: OrderedDict[str, str] = OrderedDict()
        self._watched: OrderedDict[str, float] = OrderedDict()

    async def refresh(self, claim: Claim, anchor: Anchor) -> Anchor:
        """The card as the case stands now; changed at most once in a gap. Raises `ChannelError`s,
        `LeaseLost`."""
        view = await self._gathering.view(claim.conversation, anchor.case)
        self._watch(view)
        if not self._is_news(view, anchor):
            return anchor
        if (wait := self._changed.get(claim.conversation, 0.0) + self._gap - _now()) > 0:
            await asyncio.sleep(wait)
            view = await self._gathering.view(claim.conversation, anchor.case)
        await self._crash_point("before_update")
        try:
            digest = await self._update(view, anchor)
        except RateLimited:  # the thread need not wait for its card
            _keep(self._watched, claim.conversation, _now() + _WATCH_SECONDS)
            return anchor
        return await self._opening.save(claim, anchor, card=digest)

    async def run(self) -> None:
        """Look now and then whether customers have seen what people answered, and after cards for
        which there was no time."""
        while True:
            await asyncio.sleep(2 * self._gap)
            for conversation, until in list(self._watched.items()):
                if until < _now():
                    self._watched.pop(conversation, None)
                    continue
                try:
                    await self._look(ConversationId(conversation))
                except (BusError, ChannelError, NotFound) as error:
                    _log.info("desk_card_not_looked_after", error=type(error).__name__)

    async def _look(self, conversation: ConversationId) -> None:
        head = await self._log.head(conversation)
        anchor = read_anchor(head.desk)
        if anchor is None or not anchor.ready:
            self._watched.pop(conversation, None)
            return
        view = await self._gathering.view(conversation, anchor.case)
        if self._is_news(view, anchor):
            await self._update(view, anchor)
        if not awaits_eyes(view):
            self._watched.pop(conversation, None)

    async def _update(self, view: View, anchor: Anchor) -> str:
        """Change it; the digest of what it shows then."""
        card, conversation = draw_card(view), view.head.id
        mark = Mark(conversation, root_mark(conversation, anchor.case))
        try:
            await self._poster.update(anchor.chat, anchor.ts, card, mark)
        except SlackRefused as error:
            if meaning_of(error) != "message":
                raise
            _log.error("desk_card_refused", reason=error.reason)  # the thread goes on without it
        _keep(self._changed, conversation, _now())
        self._shown[conversation] = digest_of(card)
        while len(self._shown) > _MOST:
            self._shown.popitem(last=False)
        return self._shown[conversation]

    def _is_news(self, view: View, anchor: Anchor) -> bool:
        """True if Slack shows another card, as far as is known."""
        shown = self._shown.get(view.head.id, anchor.card)
        return digest_of(draw_card(view)) != shown

    def _watch(self, view: View) -> None:
        if awaits_eyes(view):
            _keep(self._watched, view.head.id, _now() + _WATCH_SECONDS)


def _keep(kept: OrderedDict[str, float], name: str, at: float) -> None:
    kept[name] = at
    kept.move_to_end(name)
    while len(kept) > _MOST:
        kept.popitem(last=False)


def _now() -> float:
    return asyncio.get_running_loop().time()
