"""Service: every case has its thread in Slack, which tells what happens in it, in order and once.

Above: the role `slack`. Below: the wake loop (reader `desk`), `opening`, `showing`, `card`. What is
not in Slack yet is in the log: an outage only delays it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from channels.base import BARE_HOUSE, House
from channels.slack.api import SlackApi, SlackRefused
from channels.slack.desk.anchor import Anchor, read_anchor
from channels.slack.desk.asking import Approvals, Asking
from channels.slack.desk.cards import Cards
from channels.slack.desk.gathering import Gathering
from channels.slack.desk.line import BACKOFF, Line
from channels.slack.desk.mirror import Mirror
from channels.slack.desk.opening import CrashPoint, Opening, no_crash
from channels.slack.desk.poster import Poster
from channels.slack.desk.refusals import make_notice, meaning_of
from channels.slack.desk.routes import Routes
from channels.slack.desk.showing import Showing
from channels.slack.desk.transcript import BEFORE
from channels.slack.desk.view import View
from core import telemetry
from core.bus.connect import Bus
from core.bus.wake import Wake, WakeLoop
from core.conversation import Claim
from core.errors import BusUnavailable, LeaseLost, RateLimited, TemporaryDeliveryError
from core.escalation.rules import EscalationRules
from core.ids import parse_desk_id
from core.messages import Entry
from core.runtime import Backoff, running

_log = structlog.get_logger("desk")
_READER = "desk"
# One change of a card a second, whatever happens in its thread.
_CARD_SECONDS = 1.0
# How soon a desk is tried again that a person must mend.
_MEND_SECONDS = 60.0
# A longer wait is not waited here: the wake-up is taken over when it is due.
_LONGEST_WAIT = 5.0


@dataclass(frozen=True)
class DeskOptions:
    """What may be set from outside; tests turn the clock faster."""

    account: str = "default"
    per_second: float = 1.0
    keep_withdrawn: bool = True
    backoff: Backoff = BACKOFF
    card_seconds: float = _CARD_SECONDS
    mend_seconds: float = _MEND_SECONDS
    grace_seconds: float = 20.0
    crash_point: CrashPoint = no_crash


class DeskThreads:
    """See the module."""

    name = "desk-threads"

    def __init__(
        self, bus: Bus, api: SlackApi, routes: Routes, *, house: House = BARE_HOUSE,
        rules: EscalationRules | None = None, approvals: Approvals | None = None,
        options: DeskOptions = DeskOptions(),
    ) -> None:  # fmt: skip
        self._bus = bus
        self._routes = routes
        self._options = options
        self._stop = asyncio.Event()
        self._lease_ms = int(bus.settings.lease_seconds * 1000)
        self._line = Line(api, per_second=options.per_second, backoff=options.backoff)
        self._poster = Poster(self._line, house.open_file)
        self._gathering = Gathering(
            bus.log, rules or EscalationRules(), link=house.link,
            keep_withdrawn=options.keep_withdrawn,
        )  # fmt: skip
        self._opening = Opening(
            bus.log, self._poster, self._gathering, keep=self._keep, stop=self._stop,
            crash_point=options.crash_point,
        )  # fmt: skip
        self._showing = Showing(
            bus.log, self._poster, Mirror(bus, self._poster, self._gathering), keep=self._keep,
            crash_point=options.crash_point,
        )  # fmt: skip
        self._asking = None if approvals is None else Asking(
            approvals, self._opening, self._poster, crash_point=options.crash_point
        )  # fmt: skip
        self._loop = WakeLoop(bus, reader=_READER, stream=_READER, handle=self.handle)
        self._cards = Cards(
            bus.log, self._poster, self._gathering, self._opening,
            gap_seconds=options.card_seconds, crash_point=options.crash_point,
        )  # fmt: skip
        self._refused: set[tuple[str, str]] = set()

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        async with (
            running(self._pass_on(stop), name="desk-stop"),
            running(self._cards.run(), name="desk-cards"),
        ):
            try:
                await self._loop.run(stop, ready, grace_seconds=self._options.grace_seconds)
            finally:
                await self._line.api.close()

    async def handle(self, wake: Wake) -> None:
        """Show everything that waits in one conversation."""
        try:
            claim = await self._loop.claim(
                wake, lease_ms=self._lease_ms, longest_seconds=_LONGEST_WAIT
            )
            if claim is None:
                return
            async with running(self._beat(claim), name="desk-beat"):
                pause = await self._follow(claim)
            await self._bus.log.finish(claim, retry_ms=int(pause * 1000))
        except LeaseLost:
            _log.warning("desk_lease_lost", conversation=wake.conversation)
        except BusUnavailable as error:
            _log.warning("bus_unavailable", conversation=wake.conversation, error=str(error))

    async def _follow(self, claim: Claim) -> float:
        """Show what the claim shows, in order. Seconds to wait before going on; 0: all is shown."""
        anchor = read_anchor(claim.head.desk)
        views: dict[int, View] = {}
        for entry in claim.entries:
            is_last = entry is claim.entries[-1]
            try:
                anchor = await self._show(claim, anchor, entry, views, is_last=is_last)
            except RateLimited as error:
                self._count("rate_limited")
                return error.retry_after_seconds
            except TemporaryDeliveryError as error:
                self._count("retried" if error.certain else "unsure")
                return self._options.backoff.pause(claim.attempts - 1)
            except SlackRefused as error:
                return await self._refuse(claim, entry, error)
            self._refused = {one for one in self._refused if one[0] != anchor.chat}
        return 0.0

    async def _show(
        self, claim: Claim, anchor: Anchor | None, entry: Entry, views: dict[int, View], *,
        is_last: bool,
    ) -> Anchor:  # fmt: skip
        await self._keep(claim)
        anchor = await self._place(claim, anchor, entry)
        if (view := views.get(anchor.case)) is None:
            view = await self._gathering.view(claim.conversation, anchor.case)
            views[anchor.case] = view
        if not anchor.ready:
            anchor = await self._opening.complete(claim, anchor, view)
        ids: list[str] = []
        async with self._line.turn(anchor.chat):
            await self._keep(claim)
            ticket = await self._bus.log.begin_send(claim, entry.seq)
            if ticket.outcome == "stale":
                raise LeaseLost("another has this case by now")
            if ticket.outcome == "send" and _is_shown(entry, anchor):
                ids = await self._showing.show(claim, anchor, entry, view, ticket)
            if self._asking is not None:
                await self._asking.settle(claim, anchor, entry)
                if is_last:
                    anchor = await self._asking.ask(claim, anchor)
        if entry.action == "close" and entry.seq >= anchor.case:
            anchor = await self._opening.save(claim, anchor, closed=entry.seq)
        if is_last:
            anchor = await self._cards.refresh(claim, anchor)
        outcome = "sent" if ids or ticket.outcome == "sent" else "withheld"
        await self._bus.log.record_send(claim, entry.seq, outcome=outcome, platform_ids=ids)
        self._count(outcome)
        return anchor

    async def _place(self, claim: Claim, anchor: Anchor | None, entry: Entry) -> Anchor:
        """Where the entry belongs: the thread there is, or one that is to be made."""
        head = claim.head
        if anchor is not None and (entry.seq < head.case or anchor.case >= head.case):
            return anchor
        if anchor is not None and await self._goes_on(claim, anchor):
            return await self._opening.save(claim, anchor, case=head.case, closed=0)
        case = head.case or entry.seq
        view = await self._gathering.view(claim.conversation, case)
        chat = self._routes.choices(view.traits())[0]
        fresh = Anchor(case=case, account=self._options.account, chat=chat)
        return await self._opening.save(claim, fresh, **_before(case, entry))

    async def _goes_on(self, claim: Claim, anchor: Anchor) -> bool:
        """True if people went on in the old thread: then the new case stays there."""
        case = claim.head.case
        found = await self._gathering.entries(claim.conversation, case, case)
        place = parse_desk_id(found[0].id) if found else None
        return place is not None and place[1] == anchor.chat and bool(anchor.ts)

    async def _refuse(self, claim: Claim, entry: Entry, error: SlackRefused) -> float:
        """Slack would not have it there: elsewhere then, or people must mend it first."""
        anchor = read_anchor((await self._bus.log.head(claim.conversation)).desk)
        if anchor is None:
            return self._options.mend_seconds
        meaning = meaning_of(error)
        if meaning == "message":  # not even its bare words: the rest goes on
            await self._bus.log.record_send(claim, entry.seq, outcome="failed", reason=str(error))
            await self._bus.log.bury(claim, str(error), seq=entry.seq)
            return 0.001
        if meaning == "thread":
            await self._move(claim, anchor, entry, anchor.chat, anchor.tried)
            return 0.001
        tried = (*anchor.tried, anchor.chat)
        view = await self._gathering.view(claim.conversation, anchor.case)
        left = [one for one in self._routes.choices(view.traits()) if one not in tried]
        other = left[0] if left and meaning == "channel" else ""
        self._complain(anchor.chat, error)
        await self._bus.log.accept(make_notice(view.head, anchor.case, anchor.chat, error, other))
        if not other:
            chat = anchor.chat if anchor.ts else self._routes.choices(view.traits())[0]
            await self._opening.save(claim, anchor, chat=chat, tried=())
            return self._options.mend_seconds
        await self._move(claim, anchor, entry, other, tried)
        return 0.001

    async def _move(
        self, claim: Claim, anchor: Anchor, entry: Entry, chat: str, tried: tuple[str, ...]
    ) -> None:
        """A new thread, which tells what the old one told."""
        fresh = Anchor(case=anchor.case, account=anchor.account, chat=chat, tried=tried)
        closed = anchor.closed
        await self._opening.save(claim, fresh, closed=closed, **_before(anchor.case, entry))

    def _complain(self, chat: str, error: SlackRefused) -> None:
        """Once, until something works again."""
        if (chat, error.reason) not in self._refused:
            self._refused.add((chat, error.reason))
            _log.error("desk_refused", slack_channel_id=chat, reason=error.reason, mend=str(error))

    async def _keep(self, claim: Claim) -> None:
        """Raises `LeaseLost`."""
        if not await self._bus.log.extend(
            claim, lease_ms=self._lease_ms, consumer=self._loop.consumer
        ):
            raise LeaseLost("another has this case by now")

    async def _beat(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            try:
                await self._keep(claim)
            except BusUnavailable:
                continue

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stop.set()

    def _count(self, result: str) -> None:
        telemetry.DELIVERIES.labels(_READER, result).inc()


def _before(case: int, entry: Entry) -> dict[str, int]:
    """What a new thread tells first: some words before the case, and all up to this entry."""
    return {"since": max(1, min(case, entry.seq) - BEFORE), "upto": entry.seq - 1}


def _is_shown(entry: Entry, anchor: Anchor) -> bool:
    """Once a case is closed, its thread tells only what people do and how the customer rates it."""
    if not anchor.closed or entry.seq <= anchor.closed:
        return True
    return entry.author.role == "human_agent" or entry.action == "rate"
