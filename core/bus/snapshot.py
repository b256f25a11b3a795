"""A conversation as it is written down, and who keeps it.

Above: `reload`, `expiry`, `standing`; `core.archive.vault` keeps it in SQL. Below: `records`,
`core.messages`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.bus.records import parse_head
from core.conversation import Head
from core.messages import Entry

# Whoever makes a snapshot keeps receipts of so many last deliveries.
RECEIPTS_KEPT = 200


@dataclass(frozen=True)
class Snapshot:
    """`head` are the stored fields as they are, cursors, epoch and fence with them; `state` is the
    engine's JSON. `stamp` tells two snapshots of one conversation apart.

    `rev` counts its changes. `sends` are the receipts of deliveries as they are stored, `steps`
    what an unfinished turn has done. `tail` is what was said and `receipts` what was decided (by
    sequence) that the archive did not have yet. `left`: it was taken out of the store, so there is
    no newer state of it.
    """

    conversation: str
    stamp: str
    head: dict[str, str]
    state: str
    rev: int = 0
    sends: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: Sequence[str] = ()
    tail: Sequence[Entry] = ()
    receipts: Mapping[int, str] = field(default_factory=dict[int, str])
    left: bool = True

    @property
    def seq(self) -> int:
        """The last sequence that was given in it."""
        return int(self.head.get("seq", 0))


def head_of(snapshot: Snapshot) -> Head:
    """Its head as a value."""
    raw = {name.encode(): value.encode() for name, value in snapshot.head.items()}
    return parse_head(snapshot.conversation, raw)


class Vault(Protocol):
    """What keeps conversations for good. All raise `BusUnavailable` when it is away."""

    async def find_snapshot(self, conversation: str) -> Snapshot | None:
        """The last one, or None: nothing is known of this conversation."""
        ...

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Write it down; the conversation is still in the store."""
        ...

    async def note_gone(self, conversation: str) -> None:
        """It has left the store."""
        ...

    async def note_back(self, conversation: str) -> None:
        """It is about to be in the store again."""
        ...

    async def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        """Conversations that are in the store and that nothing has happened in since."""
        ...

    async def holds(
        self, conversation: str, *, last: int, entries: int, turns: Collection[int]
    ) -> bool:
        """True if so many entries up to number `last`, and the receipts of these turns, are
        written."""
        ...

    async def last_entries(self, conversation: str, *, limit: int) -> list[Entry]:
        """The newest, in order."""
        ...

    async def entries(self, conversation: str, *, after: int = 0, limit: int = 500) -> list[Entry]:
        """Entries with a sequence above `after`, in order."""
        ...

    async def receipt(self, conversation: str, seq: int) -> dict[str, Any] | None:
        """The receipt of the answer that begins at `seq`."""
        ...

    async def find_address(self, key: str) -> str | None:
        """The conversation that the address of this key led to."""
        ...
