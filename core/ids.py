"""Every id of the product is made and parsed here.

Above: all packages. Below: nothing.

A conversation id carries its shard, so that any process finds its keys without a look-up. Ids of
events are derived from the platform's own ids, so that a replay writes the same ones.
"""

from __future__ import annotations

import re
import secrets
import zlib
from typing import NewType

ConversationId = NewType("ConversationId", str)
EventId = NewType("EventId", str)
EntryId = NewType("EntryId", str)
ContactId = NewType("ContactId", str)

_CONVERSATION = re.compile(r"cv_(\d{2})_[A-Za-z0-9_-]{22}\Z")
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
