"""Every id of the product is made and parsed here.

Above: all packages. Below: nothing.

A conversation id carries its shard, so that any process finds its keys without a look-up. Ids of
events are derived from the platform's own ids, so that a replay writes the same ones.
"""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from hashlib import blake2s
from typing import NewType

ConversationId = NewType("ConversationId", str)
EventId = NewType("EventId", str)
EntryId = NewType("EntryId", str)
ContactId = NewType("ContactId", str)

_CONVERSATION = re.compile(r"cv_(\d{2})_[A-Za-z0-9_-]{22}\Z")
_FILE = re.compile(r"fl_[A-Za-z0-9_-]{22}\Z")
# Letters and digits that are not mistaken for each other.
_READABLE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_REPLY = re.compile(r"cv_\d{2}_[A-Za-z0-9_-]{22}:(\d{1,15}):\d{1,9}\Z")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}\Z")


def new_conversation_id(shards: int) -> ConversationId:
    """An unguessable id (128 random bits) on a random shard: `cv_07_<22 characters>`."""
    return ConversationId(f"cv_{secrets.randbelow(shards):02d}_{secrets.token_urlsafe(16)}")


def is_conversation_id(text: object) -> bool:
    """True if `text` has the shape of a conversation id."""
    return isinstance(text, str) and _CONVERSATION.match(text) is not None


def shard_of_conversation(conversation: str) -> str:
    """The two digits that are the hash tag of all keys of this conversation."""
    match = _CONVERSATION.match(conversation)
    if match is None:
        raise ValueError("not a conversation id")
    return match[1]


def shard_of_text(text: str, shards: int) -> str:
    """A stable shard for a key that belongs to no conversation (an address, a visitor)."""
    return f"{zlib.crc32(text.encode()) % shards:02d}"


def new_correction_id() -> str:
    """The id of a correction of triage."""
    return f"cor_{secrets.token_urlsafe(9)}"


def new_review_id() -> str:
    """The id of a proposal for the knowledge base."""
    return f"kr_{secrets.token_urlsafe(9)}"


def new_change_id() -> str:
    """The id of a change of who may answer what."""
    return f"au_{secrets.token_urlsafe(9)}"


def new_contact_id() -> ContactId:
    """An unguessable id of a person."""
    return ContactId(f"ct_{secrets.token_urlsafe(16)}")


def is_client_id(text: object) -> bool:
    """True if `text` may serve as a client's own message id (1–64 of A-Z a-z 0-9 . _ : -)."""
    return isinstance(text, str) and _CLIENT_ID.match(text) is not None


def client_event_id(channel: str, conversation: str, client_id: str) -> EventId:
    """The event id of a message that a client of ours numbered itself."""
    return EventId(f"{channel}:{conversation}:{client_id}")


def new_event_id(channel: str) -> EventId:
    """For events whose sender gives no id; a repeat of these cannot be recognised."""
    return EventId(f"{channel}:{secrets.token_urlsafe(12)}")


def reply_entry_id(conversation: str, seen: int, part: int = 0) -> EntryId:
    """The id of the engine's answer to everything up to sequence `seen`.

    Derived, so that a turn which is done again after a crash writes the same id, and a streamed
    answer can be matched with the entry that supersedes it.
    """
    return EntryId(f"{conversation}:{seen}:{part}")


def draft_entry_id(conversation: str, seen: int) -> EntryId:
    """The id of the draft for people that answers everything up to sequence `seen`."""
    return EntryId(f"{conversation}:{seen}:draft")


def seen_of_reply(entry: str) -> int | None:
    """Up to which sequence the engine had read when it made this answer (`reply_entry_id`)."""
    match = _REPLY.match(entry)
    return int(match[1]) if match else None


_CASE_NOTE = re.compile(r"case:cv_\d{2}_[A-Za-z0-9_-]{22}:(\d{1,15}):([a-z_.]{1,40}):(\d{1,15})\Z")


def case_note_id(conversation: str, case: int, what: str, number: int) -> EventId:
    """What the house says or does about a case by itself: done again, it is the same event."""
    return EventId(f"case:{conversation}:{case}:{what}:{number}")


def parse_case_note_id(text: str) -> tuple[int, str, int] | None:
    """The case, what was done and its number."""
    match = _CASE_NOTE.match(text)
    return (int(match[1]), match[2], int(match[3])) if match else None


def derived_number(prefix: str, key: str) -> str:
    """A number that people can read out, from an idempotency key: `RF-7Q2MX9KD`.

    The same key gives the same number, so a repeat of a write names the thing it made first.
    """
    number = int.from_bytes(blake2s(key.encode(), digest_size=8).digest(), "big")
    letters = (_READABLE[number >> shift & 31] for shift in range(0, 40, 5))
    return f"{prefix}-{''.join(letters)}"


_SLACK = re.compile(r"slack:([A-Za-z0-9_-]+):([A-Z0-9]+):(\d{1,12}\.\d{1,9}|F[A-Z0-9]+)(?::|\Z)")


def slack_message_id(account: str, channel: str, ts: str) -> EventId:
    """A message in Slack, ours or another's; `ts` is its time stamp there, or the id of a file."""
    return EventId(f"slack:{account}:{channel}:{ts}")


def slack_act_id(account: str, channel: str, ts: str, act: str, mark: str) -> EventId:
    """An act on that message: an edit, a removal, a press of a button. `mark` tells acts apart."""
    return EventId(f"slack:{account}:{channel}:{ts}:{act}:{mark}")


def slack_command_id(account: str, channel: str, trigger: str) -> EventId:
    """A slash command, by the id of its trigger."""
    return EventId(f"slack:{account}:{channel}:command:{trigger}")


def parse_slack_id(text: str) -> tuple[str, str] | None:
    """The channel and time stamp of the message that an id names or acts on."""
    match = _SLACK.match(text)
    return (match[2], match[3]) if match else None


_DESK_SLACK = re.compile(
    r"desk:slack:([A-Za-z0-9_-]+):([A-Z0-9]+):(\d{1,12}\.\d{1,9}|F[A-Z0-9]+)(?::|\Z)"
)


def desk_message_id(team: str, channel: str, ts: str) -> EventId:
    """A message in a desk's thread in Slack, a person's or ours; `ts` as in `slack_message_id`."""
    return EventId(f"desk:slack:{team}:{channel}:{ts}")


def desk_act_id(team: str, channel: str, ts: str, act: str, mark: str) -> EventId:
    """An act on that message: an edit, a removal, a press of a button. `mark` tells acts apart."""
    return EventId(f"desk:slack:{team}:{channel}:{ts}:{act}:{mark}")


def desk_view_id(view: str) -> EventId:
    """What a window of the desk in Slack did when it was sent, by the window's own id."""
    return EventId(f"desk:slack:view:{view}")


def desk_take_id(conversation: str, epoch: int) -> EventId:
    """A take-over of the conversation as it stood: of several who press at once, the first."""
    return EventId(f"desk:slack:take:{conversation}:{epoch}")


def parse_desk_id(text: str) -> tuple[str, str, str] | None:
    """The team, channel and time stamp of the desk's message that an id names or acts on."""
    match = _DESK_SLACK.match(text)
    return (match[1], match[2], match[3]) if match else None


def new_file_id() -> str:
    """An unguessable id of a file in our store: `fl_<22 characters>`."""
    return f"fl_{secrets.token_urlsafe(16)}"


def platform_file_id(channel: str, account: str, ref: str) -> str:
    """The id of a file that a platform keeps: the same file has the same id wherever it is read."""
    digest = blake2s(f"{channel}\0{account}\0{ref}".encode(), digest_size=16).digest()
    return f"fl_{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def is_file_id(text: object) -> bool:
    """True if `text` has the shape of a file's id; such an id is safe in a path."""
    return isinstance(text, str) and _FILE.match(text) is not None


_TELEGRAM = re.compile(r"telegram:(\d+):(-?\d+):(\d+)(?::|\Z)")


def telegram_message_id(account: str, chat: int, message: int) -> EventId:
    """A message in Telegram, ours or another's; numbers of messages count within a chat."""
    return EventId(f"telegram:{account}:{chat}:{message}")


def telegram_act_id(account: str, chat: int, message: int, act: str, mark: int | str) -> EventId:
    """An act on that message: an edit, a press of a button. `mark` tells acts apart."""
    return EventId(f"telegram:{account}:{chat}:{message}:{act}:{mark}")


def parse_telegram_id(text: str) -> tuple[int, int] | None:
    """The chat and the number of the message that an id names or acts on."""
    match = _TELEGRAM.match(text)
    return (int(match[2]), int(match[3])) if match else None


_PLAIN_MESSAGE_ID = re.compile(r"[!-~]{1,200}\Z")


def email_event_id(account: str, message_id: str, digest: str) -> EventId:
    """A mail, by its Message-ID; one without any by the digest of what it says."""
    return EventId(email_message_ref(account, message_id or digest))


def email_message_ref(account: str, message_id: str) -> str:
    """A mail that another one answers, or one of ours, by its Message-ID without brackets."""
    if not _PLAIN_MESSAGE_ID.match(message_id):
        message_id = blake2s(message_id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"email:{account}:{message_id}"
