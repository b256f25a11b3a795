"""An archive in memory for tests of the log: it holds what it was told to copy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from core.bus.log import RedisLog
from core.bus.snapshot import Snapshot
from core.ids import ConversationId
from core.messages import Entry


class MemoryVault:
    """`core.bus.snapshot.Vault` over dictionaries."""

    def __init__(self) -> None:
        self.said: dict[str, list[Entry]] = {}
        self.receipts: dict[tuple[str, int], dict[str, Any]] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.gone: set[str] = set()
        self.addresses: dict[str, str] = {}

    async def copy(self, log: RedisLog, conversation: ConversationId) -> None:
        """What a follower of the journal would have written by now."""
        entries = await RedisLog.entries(log, conversation, limit=10_000)
        for entry in entries:
            receipt = await RedisLog.receipt(log, conversation, entry.seq)
            if receipt is not None:
                self.receipts[conversation, entry.seq] = receipt
        known = {entry.seq: entry for entry in (*self.said.get(conversation, []), *entries)}
        self.said[conversation] = [known[seq] for seq in sorted(known)]

    async def find_snapshot(self, conversation: str) -> Snapshot | None:
        return self.snapshots.get(conversation)

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots[snapshot.conversation] = snapshot

    async def note_gone(self, conversation: str) -> None:
        self.gone.add(conversation)

    async def note_back(self, conversation: str) -> None:
        self.gone.discard(conversation)

    async def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        return [name for name in self.said if name not in self.gone][:limit]

    async def holds(
        self, conversation: str, *, last: int, entries: int, turns: Collection[int]
    ) -> bool:
        receipts = {seq for name, seq in self.receipts if name == conversation}
        return len(self.said.get(conversation, ())) >= entries and receipts >= set(turns)

    async def last_entries(self, conversation: str, *, limit: int) -> list[Entry]:
        return self.said.get(conversation, [])[-limit:]

    async def entries(self, conversation: str, *, after: int = 0, limit: int = 500) -> list[Entry]:
        return [entry for entry in self.said.get(conversation, []) if entry.seq > after][:limit]

    async def find_address(self, key: str) -> str | None:
        return self.addresses.get(key)

    async def receipt(self, conversation: str, seq: int) -> dict[str, Any] | None:
        return self.receipts.get((conversation, seq))
