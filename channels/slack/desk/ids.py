"""The names that both directions of the desk use: buttons, marks of our messages, addresses.

Above: what is posted (`threads` and below it) and what people press (`inbox` and below it). Below:
`core.ids`, `core.messages`. Pure.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

from core.ids import is_conversation_id
from core.messages import Address

# Action ids of the buttons. Of the card, and of the lines under a closed one:
TAKE: Final = "desk.take"
RELEASE: Final = "desk.release"
ASSIGN: Final = "desk.assign"
SNOOZE: Final = "desk.snooze"
PRIORITY: Final = "desk.priority"
TRANSLATE: Final = "desk.translate"
RESOLVE: Final = "desk.resolve"
SAVE: Final = "desk.save"
# Of a draft, whose entry id is in the value's `draft`:
DRAFT_SEND: Final = "desk.draft_send"
DRAFT_EDIT: Final = "desk.draft_edit"
DRAFT_DISCARD: Final = "desk.draft_discard"
# Of a reply of a person while it can still be taken back:
UNDO: Final = "desk.undo"
# Of the card: plain words stay inside from now on (the value's `on` says which way), and under such
# a word, the way out for it:
NOTES: Final = "desk.notes"
SEND_NOTE: Final = "desk.send_note"
# Of the App Home:
DUTY_ON: Final = "desk.duty_on"
DUTY_OFF: Final = "desk.duty_off"
# A link: Slack tells of the press and wants no more.
OPEN: Final = "desk.open"
# Of a tool call that waits for a person, whose number is in the value's `approval`:
APPROVE: Final = "desk.approve"
REJECT: Final = "desk.reject"

# Each message of ours carries what it shows: `{conversation, entry, part}`.
EVENT_TYPE: Final = "switchboard_entry"
# Before the number of the case, as the `entry` of the root of its thread.
_CASE: Final = "case:"


def root_mark(conversation: str, case: int) -> str:
    """The `entry` of the root message of this case's thread."""
    return f"{_CASE}{conversation}:{case}"


def metadata(conversation: str, entry: str, part: int = 0) -> dict[str, Any]:
    """The mark of a message of ours."""
    payload = {"conversation": conversation, "entry": entry, "part": part}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def read_mark(message: dict[str, Any]) -> tuple[str, str, int] | None:
    """Which conversation, entry and part a message of Slack shows, if it is marked as ours."""
    raw: Any = message.get("metadata")
    if not isinstance(raw, dict):
        return None
    mark = cast("dict[str, Any]", raw)
    payload: Any = mark.get("event_payload")
    if mark.get("event_type") != EVENT_TYPE or not isinstance(payload, dict):
        return None
    fields = cast("dict[str, Any]", payload)
    conversation, entry, part = (fields.get(n) for n in ("conversation", "entry", "part"))
    if not is_conversation_id(conversation) or not isinstance(entry, str):
        return None
    return str(conversation), entry, part if isinstance(part, int) else 0


def button_value(conversation: str, **more: str | int) -> str:
    """What a button brings back: `c` is the conversation."""
    return json.dumps({"c": conversation, **more}, separators=(",", ":"))


def read_value(value: object) -> dict[str, Any]:
    """What a button brought back; empty if it is none of ours."""
    try:
        read: Any = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return {}
    if not isinstance(read, dict):
        return {}
    fields = cast("dict[str, Any]", read)
    return fields if is_conversation_id(fields.get("c")) else {}


def thread_address(account: str, slack_channel_id: str, ts: str) -> Address:
    """The address of a case's thread, by which `log.find` knows its conversation."""
    return Address(channel="desk", account=account, chat=slack_channel_id, thread=ts)
