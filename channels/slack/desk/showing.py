"""Shows one entry of a case in its thread, once: words, files, changes of what stands there.

Above: `threads`. Below: `lines`, `mirror`, `poster`, the log. What arrived is recorded piece by
piece; where a try may have arrived and nobody recorded it, the thread is read before the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import structlog

from channels.slack.api import SlackRefused
from channels.slack.desk.anchor import Anchor
from channels.slack.desk.blocks import Post
from channels.slack.desk.line import MayStill
from channels.slack.desk.lines import Piece, Share, draw, draw_as_sent, draw_link
from channels.slack.desk.mirror import Mirror, draft_of, is_typed_there
from channels.slack.desk.opening import CrashPoint, KeepLease, no_crash
from channels.slack.desk.poster import Mark, Poster
from channels.slack.desk.refusals import meaning_of
from channels.slack.desk.view import View
from core.bus.log import RedisLog
from core.conversation import Claim, SendTicket
from core.errors import (
    BusUnavailable,
    ChannelError,
    RateLimited,
    SwitchboardError,
    TemporaryDeliveryError,
)
from core.ids import desk_message_id, parse_desk_id
from core.messages import Entry

# So often is a file tried that may yet come; then the thread gets a link to it.
_FILE_TRIES = 4
# The time stamp of a message that could not be posted and is not worth waiting for.
_NOWHERE = "0.0"
_log = structlog.get_logger("desk")


@dataclass(frozen=True)
class _Job:
    """One entry on its way; `arrived` grows."""

    claim: Claim
    anchor: Anchor
    entry: Entry
    view: View
    attempt: int
    arrived: list[str]
    may_still: MayStill


class Showing:
    """See the module."""

    def __init__(
        self, log: RedisLog, poster: Poster, mirror: Mirror, *, keep: KeepLease,
        crash_point: CrashPoint = no_crash,
    ) -> None:  # fmt: skip
        self._log = log
        self._keep = keep
        self._poster = poster
        self._mirror = mirror
        self._crash_point = crash_point

    async def show(
        self, claim: Claim, anchor: Anchor, entry: Entry, view: View, ticket: SendTicket
    ) -> list[str]:
        """The ids of the messages that show it. Raises `ChannelError`s, after recording how far it
        came."""
        arrived = list(ticket.platform_ids)
        if is_elsewhere := not _are_there(arrived, anchor):
            arrived = []  # in a thread that is no more this case's
        try:
            pieces: list[Piece] = list(await self._mirror.apply(claim, anchor, entry, view))
            if is_typed_there(entry, anchor):
                arrived = arrived or [entry.id]
                pieces = [Post(""), *draw_as_sent(entry)]  # the first of them is there already
            elif not draft_of(entry):
                pieces += draw(entry, view)
            still = partial(self._keep, claim)
            job = _Job(claim, anchor, entry, view, ticket.attempt, arrived, still)
            await self._show(job, pieces, unsure=ticket.unsure or is_elsewhere)
        except RateLimited:
            await self._retry(claim, entry, arrived, "rate_limited")
            raise
        except TemporaryDeliveryError as error:
            if error.certain:
                await self._retry(claim, entry, arrived, "temporary")
            raise
        except SlackRefused:
            await self._retry(claim, entry, arrived, "refused")
            raise
        return arrived

    async def _show(self, job: _Job, pieces: list[Piece], *, unsure: bool) -> None:
        anchor, entry = job.anchor, job.entry
        for number in range(len(job.arrived), len(pieces)):
            piece, mark = pieces[number], Mark(job.claim.conversation, entry.id, number)
            title = piece.title if isinstance(piece, Share) else ""
            found = None
            chat, thread = _place_of(piece, anchor)
            if unsure:
                since = entry.at.timestamp()
                found = await self._poster.find(chat, thread, since, mark, title=title)
            unsure = False
            if found is None:
                await self._crash_point("before_post")
                found = await self._put(job, piece, mark)
                await self._crash_point("after_post")
            job.arrived.append(desk_message_id(anchor.account, chat, found))
            await self._log.record_send(
                job.claim, entry.seq, outcome="part", platform_ids=job.arrived
            )
            if number + 1 < len(pieces):
                await self._crash_point("between_parts")

    async def _put(self, job: _Job, piece: Piece, mark: Mark) -> str:
        if isinstance(piece, Share):
            return await self._put_file(job, piece, mark)
        chat, thread = _place_of(piece, job.anchor)
        try:
            return await self._poster.post(chat, thread, piece, mark, job.may_still)
        except SlackRefused as error:
            if not piece.chat:
                raise
            # The case goes on where it is.
            _log.error("desk_refused", slack_channel_id=chat, reason=error.reason, mend=str(error))
            return _NOWHERE

    async def _put_file(self, job: _Job, share: Share, mark: Mark) -> str:
        """The file itself, or why not and a link to it."""
        anchor = job.anchor
        try:
            return await self._poster.share(anchor.chat, anchor.ts, share, job.may_still)
        except RateLimited:
            raise
        except SlackRefused as error:
            if meaning_of(error) in {"channel", "thread"}:
                raise
            why = str(error)
        except (TemporaryDeliveryError, BusUnavailable) as error:
            if job.attempt < _FILE_TRIES:
                certain = isinstance(error, BusUnavailable)
                raise TemporaryDeliveryError(f"a file: {error}", certain=certain) from None
            why = str(error)
        except ChannelError as error:
            why = str(error)
        except SwitchboardError as error:
            why = error.public_text or str(error)
        post = draw_link(share, why, job.view.link(share.file))
        return await self._poster.post(anchor.chat, anchor.ts, post, mark, job.may_still)

    async def _retry(self, claim: Claim, entry: Entry, arrived: list[str], reason: str) -> None:
        await self._log.record_send(
            claim, entry.seq, outcome="retry", platform_ids=arrived, reason=reason
        )


def _place_of(piece: Piece, anchor: Anchor) -> tuple[str, str | None]:
    """The Slack channel and thread of a piece."""
    elsewhere = piece.chat if isinstance(piece, Post) else ""
    return (elsewhere, None) if elsewhere else (anchor.chat, anchor.ts)


def _are_there(names: list[str], anchor: Anchor) -> bool:
    """True if messages of these ids stand in this thread."""
    places = [place for name in names if (place := parse_desk_id(name)) is not None]
    if places and places[0][1] != anchor.chat:
        return False
    return all(
        ts.startswith("F") or float(ts) >= float(anchor.ts)
        for _, chat, ts in places
        if chat == anchor.chat
    )
