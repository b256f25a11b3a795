"""Shows tool calls that wait for a person in the case's thread, and what was decided about them.

Above: `threads`. Below: `opening` (which keeps the anchor), `poster`, `core.approvals`. A call is
shown with its exact arguments: what is approved is what is done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import structlog

from channels.slack.api import SlackRefused
from channels.slack.desk import ids
from channels.slack.desk.anchor import Anchor
from channels.slack.desk.blocks import (
    Block,
    Face,
    Post,
    actions,
    bullets,
    button,
    context,
    safe,
    section,
    words,
)
from channels.slack.desk.opening import CrashPoint, Opening, no_crash
from channels.slack.desk.poster import Mark, Poster
from core.approvals.records import Approval
from core.conversation import Claim
from core.errors import CustomerSystemError, RateLimited, TemporaryDeliveryError
from core.ids import ConversationId
from core.messages import DECISIONS, Entry

_log = structlog.get_logger("desk")
_FACE = Face("Switchboard", ":raised_hand:")
# So many are remembered in the anchor; older ones are found by their mark.
_MOST = 12


class Approvals(Protocol):
    """The calls that wait; may raise `CustomerSystemError`."""

    async def waiting(self, conversation: ConversationId) -> Sequence[Approval]:
        """Those of this conversation, the longest waiting first."""
        ...

    async def find(self, identifier: str) -> Approval | None:
        """One of them, or None."""
        ...


class Asking:
    """See the module."""

    def __init__(
        self, approvals: Approvals, opening: Opening, poster: Poster, *,
        crash_point: CrashPoint = no_crash,
    ) -> None:  # fmt: skip
        self._approvals = approvals
        self._opening = opening
        self._poster = poster
        self._crash_point = crash_point

    async def ask(self, claim: Claim, anchor: Anchor) -> Anchor:
        """Show what waits and is not shown yet. Raises `ChannelError`s."""
        try:
            found = await self._approvals.waiting(claim.conversation)
        except CustomerSystemError as error:
            _log.warning("approvals_not_read", error=str(error))
            return anchor
        for approval in found:
            if approval.id not in anchor.asked:
                anchor = await self._post(claim, anchor, approval)
        return anchor

    async def settle(self, claim: Claim, anchor: Anchor, entry: Entry) -> None:
        """It was decided: the buttons go. Raises `ChannelError`s that may pass."""
        if entry.action not in DECISIONS or not entry.value:
            return
        try:
            approval = await self._approvals.find(entry.value)
        except CustomerSystemError as error:
            _log.warning("approvals_not_read", error=str(error))
            return
        ts = anchor.asked.get(entry.value)
        if approval is None or ts is None or approval.subject.conversation != claim.conversation:
            return
        post = draw_approval(approval, _outcome(approval))
        try:
            await self._poster.update(anchor.chat, ts, post, _mark(claim, approval))
        except SlackRefused as error:
            _log.info("desk_message_stays", reason=error.reason)

    async def _post(self, claim: Claim, anchor: Anchor, approval: Approval) -> Anchor:
        mark, found = _mark(claim, approval), None
        if anchor.begun:
            found = await self._poster.find(anchor.chat, anchor.ts, anchor.begun, mark)
        if found is None:
            anchor = await self._opening.save(claim, anchor, begun=time.time())
            await self._crash_point("before_post")
            try:
                post = draw_approval(approval)
                found = await self._poster.post(
                    anchor.chat, anchor.ts, post, mark, partial(self._opening.keep, claim)
                )
            except (RateLimited, SlackRefused, TemporaryDeliveryError) as error:
                if not isinstance(error, TemporaryDeliveryError) or error.certain:
                    await self._opening.save(claim, anchor, begun=0.0)
                raise
            await self._crash_point("after_post")
        asked = dict([*anchor.asked.items(), (approval.id, found)][-_MOST:])
        return await self._opening.save(claim, anchor, asked=asked, begun=0.0)


def draw_approval(approval: Approval, outcome: str = "") -> Post:
    """The call as it would be done, with its buttons or what was decided."""
    title = f":raised_hand: *Approval wanted:* {safe(approval.tool)}"
    exact = json.dumps(approval.arguments, ensure_ascii=False, indent=2, sort_keys=True)
    facts = [f"{name}: {value}" for name, value in approval.facts.items()]
    blocks: list[Block] = [section(title), *words(exact, 3000), *bullets("What is known", facts)]
    if outcome:
        return Post(title, (*blocks, context(outcome)), _FACE)
    value = ids.button_value(approval.subject.conversation, approval=approval.id)
    row = [
        button(ids.APPROVE, "Approve", value, "primary"),
        button(ids.REJECT, "Reject", value, "danger"),
    ]
    return Post(title, (*blocks, actions("approval", row)), _FACE)


def _outcome(approval: Approval) -> str:
    done = ":white_check_mark: approved" if approval.decision == "approve" else ":x: not approved"
    by = f" by {safe(approval.decided_by)}" if approval.decided_by else ""
    why = f": {safe(approval.comment)}" if approval.comment else ""
    return f"{done}{by}{why}"


def _mark(claim: Claim, approval: Approval) -> Mark:
    return Mark(claim.conversation, f"approval:{approval.id}")
