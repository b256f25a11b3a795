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
    steps: str
    gone: str
    dying: str
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
            f"{base}:steps",
            f"{base}:gone",
            f"{base}:dying",
            shard,
        )

    @property
    def bygone(self) -> str:
        """The traces of erased events, as far as this conversation's shard has them."""
        return bygone_key(self.shard)


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


def alarms_key(shard: str) -> str:
    """Sorted set of conversations whose case has something to do at a time, by that time."""
    return f"{PREFIX}:{{{shard}}}:alarms"


def unseen_key(shard: str) -> str:
    """Sorted set of conversations on a page whose customer has not seen what was said last, by the
    time of the first such word."""
    return f"{PREFIX}:{{{shard}}}:unseen"


def heads_prefix(shard: str) -> str:
    """What the names of this shard's heads begin with."""
    return f"{PREFIX}:{{{shard}}}:c:"


def bygone_key(shard: str) -> str:
    """Sorted set: traces of events that were erased, by the time of that; a copy in each shard."""
    return f"{PREFIX}:{{{shard}}}:bygone"


def touched_key(shard: str) -> str:
    """Sorted set: conversations by how often they changed, and addresses (`@` and their key) by
    when, that the archive has yet to look at."""
    return f"{PREFIX}:{{{shard}}}:touched"


def retell_key(shard: str) -> str:
    """Sorted set: conversations of which the journal dropped something unread, by the first
    sequence of that."""
    return f"{PREFIX}:{{{shard}}}:retell"


def dead_key(shard: str) -> str:
    """Stream of dead letters."""
    return f"{PREFIX}:{{{shard}}}:dead"


def address_key(address: Address, shards: int) -> str:
    """String: the conversation at this address."""
    name = f"{address.channel}:{address.account}:{address.chat}:{address.thread or ''}"
    return f"{PREFIX}:{{{shard_of_text(name, shards)}}}:a:{name}"


def shard_of_key(key: str) -> str:
    """The shard of any key of ours: what stands in its braces."""
    return key[key.index("{") + 1 : key.index("}")]


def meta_key() -> str:
    """Hash: what must not change while data exists (number of shards), which life of the store this
    is (`incarnation`), and how far the archive is (`mark`)."""
    return f"{PREFIX}:{{00}}:meta"


def rebuild_key() -> str:
    """Held by the one process that rebuilds the store."""
    return f"{PREFIX}:{{00}}:rebuild"
