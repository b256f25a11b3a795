"""Names of everything in the store: one hash tag `{NN}` for all keys of a conversation.

Above: the other modules of the bus. Below: `core.ids`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.ids import shard_of_conversation, shard_of_text
from core.messages import Address

PREFIX = "sb"
ENGINE_GROUP = "readers"


@dataclass(frozen=True, slots=True)
class ConversationKeys:
    """The keys of one conversation."""

    head: str
    log: str
    seen: str
    state: str
    turns: str
    sends: str
    shard: str

    @classmethod
    def of(cls, conversation: str) -> ConversationKeys:
        """Raises ValueError if it is not a conversation id."""
        shard = shard_of_conversation(conversation)
        base = f"{PREFIX}:{{{shard}}}:c:{conversation}"
        return cls(
            base,
            f"{base}:log",
            f"{base}:seen",
            f"{base}:state",
            f"{base}:turns",
            f"{base}:sends",
            shard,
        )


def shard_names(shards: int) -> list[str]:
    """`00` … one for each shard."""
    return [f"{number:02d}" for number in range(shards)]


def journal_key(shard: str) -> str:
    """Stream: a copy of every entry, for those who follow all conversations."""
    return f"{PREFIX}:{{{shard}}}:journal"


def live_key(shard: str) -> str:
    """Capped stream of hints: pieces of answers in the making, typing signs."""
    return f"{PREFIX}:{{{shard}}}:live"


def ready_key(shard: str, reader: str) -> str:
    """Stream of wake-ups for one kind of reader: `engine`, `deliver:<channel>`, `desk`."""
    return f"{PREFIX}:{{{shard}}}:ready:{reader}"


def scheduled_key(shard: str) -> str:
    """Sorted set of what has a wake-up, by time: the means to find lost ones."""
    return f"{PREFIX}:{{{shard}}}:scheduled"


def dead_key(shard: str) -> str:
    """Stream of dead letters."""
    return f"{PREFIX}:{{{shard}}}:dead"


def address_key(address: Address, shards: int) -> str:
    """String: the conversation at this address."""
    name = f"{address.channel}:{address.account}:{address.chat}:{address.thread or ''}"
    return f"{PREFIX}:{{{shard_of_text(name, shards)}}}:a:{name}"


def meta_key() -> str:
    """Hash: what must not change while data exists (number of shards)."""
    return f"{PREFIX}:{{00}}:meta"
