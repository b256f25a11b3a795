"""What Slack's refusals mean for a case: another channel, another thread, or nobody can be reached.

Above: `opening`, `threads`. Below: `channels.slack.api`. Pure.
"""

from __future__ import annotations

import zlib
from typing import Literal

from channels.slack.api import SlackRefused
from core.conversation import Head
from core.ids import case_note_id
from core.messages import Address, Author, InboundEvent

Meaning = Literal["app", "channel", "thread", "message"]
REASON = "desk_unreachable"
_APP = frozenset({
    "account_inactive", "access_denied", "invalid_auth", "missing_scope", "no_permission",
    "not_allowed_token_type", "not_authed", "org_login_required", "team_access_not_granted",
    "token_expired", "token_revoked", "user_is_bot",
})  # fmt: skip
_CHANNEL = frozenset({
    "channel_not_found", "is_archived", "not_in_channel", "restricted_action",
    "restricted_action_non_threadable_channel", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
})  # fmt: skip
_THREAD = frozenset({
    "cannot_reply_to_message", "invalid_thread_ts", "message_not_found", "thread_not_found",
    "restricted_action_thread_locked",
})  # fmt: skip


def meaning_of(error: SlackRefused) -> Meaning:
    """What it is that does not work."""
    if error.reason in _APP:
        return "app"
    if error.reason in _CHANNEL:
        return "channel"
    return "thread" if error.reason in _THREAD else "message"


def make_notice(head: Head, case: int, chat: str, error: SlackRefused, other: str) -> InboundEvent:
    """What people are told in the case itself, once for each channel and reason: why it is not
    shown there, the mend, and where it is (`other`: the next channel; empty: the console)."""
    where = f"It goes to the channel {other}." if other else "It waits in the console."
    number = zlib.crc32(f"{chat}:{error.reason}".encode())
    return InboundEvent(
        id=case_note_id(head.id, case, REASON, number),
        conversation=head.id,
        kind="note",
        address=head.address or Address(channel="rest", chat=head.id),
        author=Author(role="system", name="Switchboard"),
        text=f"The Slack channel {chat} would not have this case: {error}. {where}",
        reason=REASON,
    )
