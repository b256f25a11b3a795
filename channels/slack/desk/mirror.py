"""What an entry changes in messages that the thread shows already: edits, removals, settled drafts.

Above: `showing`. Below: `lines`, `poster`, the log. Changing a message twice is changing it once,
so nothing of it has to be recorded; what cannot be changed any more is told in a line instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from channels.slack.api import SlackRefused
from channels.slack.desk.anchor import Anchor
from channels.slack.desk.blocks import Post, context, safe, words
from channels.slack.desk.gathering import Gathering
from channels.slack.desk.lines import draw_change, draw_draft
from channels.slack.desk.poster import Mark, Poster
from channels.slack.desk.view import View
from core.bus.connect import Bus
from core.bus.sends import sent_ids
from core.conversation import Claim
from core.drafts import current_draft, makes_obsolete, sent_draft_id
from core.ids import desk_message_id, parse_desk_id
from core.messages import CHANGES, Entry

_log = structlog.get_logger("desk")
_LOOK_BACK = 200


class Mirror:
    """See the module."""

    def __init__(self, bus: Bus, poster: Poster, gathering: Gathering) -> None:
        self._bus = bus
        self._poster = poster
        self._gathering = gathering

    async def apply(self, claim: Claim, anchor: Anchor, entry: Entry, view: View) -> list[Post]:
        """Change what is to be changed; the lines to post about it. Raises `ChannelError`s."""
        await self._set_aside(claim, anchor, entry, view)
        if entry.action in CHANGES and entry.value:
            return await self._change(claim, anchor, entry, view)
        if (draft := draft_of(entry)) is not None:
            await self._settle_draft(claim, anchor, entry, draft, view)
        return []

    async def _change(self, claim: Claim, anchor: Anchor, entry: Entry, view: View) -> list[Post]:
        """An author changed or took back words of theirs."""
        target = await self._entry(claim, entry.value or "")
        gone, by = entry.action == "delete", entry.author.name or view.customer
        if target is None:
            return []
        if is_typed_there(target, anchor):
            return [] if parse_desk_id(entry.id) else [_tell(by, entry, shown=False)]
        between = await self._gathering.entries(claim.conversation, target.seq, entry.seq)
        versions = [target.text] + [
            one.text for one in between if one.action == "edit" and one.value == target.id
        ]
        post = draw_change(target, versions, view, gone=gone, by=by)
        shown = await self._update(claim, anchor, target, post)
        return [_tell(by, entry, shown=shown)]

    async def _set_aside(self, claim: Claim, anchor: Anchor, entry: Entry, view: View) -> None:
        """A draft that can be sent no more loses its buttons."""
        if entry.kind == "note":
            return
        first = max(anchor.case, entry.seq - _LOOK_BACK)
        before = await self._gathering.entries(claim.conversation, first, entry.seq - 1)
        draft = current_draft(before)
        if draft is None or draft.id == draft_of(entry):
            return
        if entry.kind == "draft" or makes_obsolete(entry, draft):
            outcome = ":heavy_minus_sign: this draft was not used"
            post = draw_draft(draft, view, outcome, draft.text)
            await self._update(claim, anchor, draft, post)

    async def _settle_draft(
        self, claim: Claim, anchor: Anchor, entry: Entry, draft: str, view: View
    ) -> None:
        """A draft was sent or thrown away: its buttons go."""
        target = await self._entry(claim, draft)
        if target is None:
            return
        who = safe(entry.author.name or "somebody", 60)
        if entry.action == "discard":
            outcome, sent = f":wastebasket: draft discarded by {who}", None
        else:
            how = "sent as it was" if entry.text.strip() == target.text.strip() else "edited, sent"
            outcome, sent = f":white_check_mark: draft {how} by {who}", entry.text
        await self._update(claim, anchor, target, draw_draft(target, view, outcome, sent))

    async def _update(self, claim: Claim, anchor: Anchor, target: Entry, post: Post) -> bool:
        """True if the message that shows this entry reads like this now."""
        known = await sent_ids(self._bus.calls, claim.conversation, target.seq, reader="desk")
        place = parse_desk_id(known[0]) if known else None
        if place is None or place[1] != anchor.chat or place[2].startswith("F"):
            return False
        mark = Mark(claim.conversation, target.id)
        try:
            await self._poster.update(anchor.chat, place[2], post, mark)
        except SlackRefused as error:
            _log.info("desk_message_stays", reason=error.reason)
            return False
        return True

    async def _entry(self, claim: Claim, name: str) -> Entry | None:
        seq = await self._bus.log.seq_of(claim.conversation, name)
        if seq is None:
            seq = await self._seq_of_ours(claim, name)
        found = await self._gathering.entries(claim.conversation, seq, seq) if seq else []
        return found[0] if found and found[0].id == name else None

    async def _seq_of_ours(self, claim: Claim, name: str) -> int | None:
        """Entries of turns are not among the ids that were seen: look where they stand."""
        since = max(1, claim.head.case - _LOOK_BACK)
        entries: Sequence[Entry] = await self._gathering.entries(
            claim.conversation, since, claim.head.seq
        )
        return next((one.seq for one in entries if one.id == name), None)


def draft_of(entry: Entry) -> str | None:
    """The draft that this entry sends or throws away."""
    if entry.action == "discard":
        return entry.value
    if entry.kind == "message" and entry.author.role == "human_agent":
        return sent_draft_id(entry.id)
    return None


def is_typed_there(entry: Entry, anchor: Anchor) -> bool:
    """True if a person typed it in this very Slack channel, so that it stands there already."""
    place = parse_desk_id(entry.id)
    return (
        place is not None
        and entry.kind in {"message", "note"}
        and place[1] == anchor.chat
        and desk_message_id(*place) == entry.id
    )


def _tell(by: str, entry: Entry, *, shown: bool) -> Post:
    """A small line about it; with the new words where no message could show them."""
    done = "took back" if entry.action == "delete" else "changed"
    line = f":pencil2: {safe(by, 60)} {done} a message"
    more = words(entry.text) if not shown and entry.action == "edit" else []
    return Post(line, (context(line), *more))
