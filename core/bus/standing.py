"""What has changed and is not kept yet: the archive reads it here, as it stands at this moment.

Above: `core.archive.standings`. Below: `calls`, `keys`, `scripts`, `snapshot`. Every script that
changes what a conversation needs to come back touches it; whoever has kept it settles it, and what
changed in between stays touched. So nothing is forgotten, also when the keeper dies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys, shard_names, shard_of_key, touched_key
from core.bus.records import pair, parse_entries
from core.bus.snapshot import RECEIPTS_KEPT, Snapshot
from core.ids import is_conversation_id, shard_of_conversation

# What is not archived yet is a few entries; so many at most are kept beside a snapshot.
_LONGEST_TAIL = 200


@dataclass(frozen=True, slots=True)
class Touched:
    """Something that changed: a conversation's id, or the key of an address; `mark` grows."""

    name: str
    is_address: bool
    mark: int


async def read_standing(calls: Calls, conversation: str, *, after: int) -> Snapshot | None:
    """One conversation, read in one step, with its entries after that sequence; None: not here."""
    keys = ConversationKeys.of(conversation)
    names = [keys.head, keys.log, keys.state, keys.sends, keys.steps, keys.turns]
    raw: Any = await calls.script(scripts.STANDING, names, [after, _LONGEST_TAIL])
    if not raw:
        return None
    head = {name.decode(): value.decode() for name, value in pair(raw[0]).items()}
    sends = {name.decode(): value.decode() for name, value in pair(raw[2]).items()}
    receipts = {int(seq): text.decode() for seq, text in pair(raw[5]).items()}
    stamp = f"{head.get('updated')}:{head.get('seq')}:{head.get('fence', 0)}"
    return Snapshot(
        conversation, stamp, head, raw[1].decode(), rev=int(head.get("rev", 0)),
        sends=_newest(sends), steps=[step.decode() for step in raw[3]],
        tail=parse_entries(raw[4]), receipts=receipts,
    )  # fmt: skip


def _newest(sends: Mapping[str, str]) -> dict[str, str]:
    """The receipts of the last deliveries; a long conversation has thousands."""
    if len(sends) <= RECEIPTS_KEPT:
        return dict(sends)

    def number(field: str) -> int:
        _, _, seq = field.rpartition(":")
        return int(seq) if seq.isdigit() else 1 << 62  # `preview`, `begun`

    return {field: sends[field] for field in sorted(sends, key=number)[-RECEIPTS_KEPT:]}


class TouchedList:
    """What the archive has yet to look at. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shard_names(shards)

    async def read(self, *, limit: int) -> list[Touched]:
        """Some of it, of every shard."""
        share = max(1, limit // len(self._shards))
        answers: list[Any] = await asyncio.gather(
            *(
                self._calls.command("ZRANGE", touched_key(shard), 0, share - 1, "WITHSCORES")
                for shard in self._shards
            )
        )
        found = [_touched(name, mark) for raw in answers for name, mark in _scored(raw)]
        return [item for item in found if item.is_address or is_conversation_id(item.name)]

    async def count(self) -> int:
        """How much there is."""
        names = [touched_key(shard) for shard in self._shards]
        return sum(await asyncio.gather(*(self._calls.command("ZCARD", name) for name in names)))

    async def settle(self, items: Iterable[Touched]) -> None:
        """These are kept as they were at their marks."""
        by_shard: dict[str, list[str | int]] = {}
        for item in items:
            shard = shard_of_key(item.name) if item.is_address else shard_of_conversation(item.name)
            member = f"@{item.name}" if item.is_address else item.name
            by_shard.setdefault(shard, []).extend((member, item.mark))
        for shard, args in by_shard.items():
            await self._calls.script(scripts.SETTLED, [touched_key(shard)], args)

    async def leads_to(self, key: str) -> str | None:
        """Where an address leads now."""
        raw = await self._calls.command("GET", key)
        return raw.decode() if raw else None


def _scored(raw: Any) -> list[tuple[bytes, Any]]:
    """ZRANGE … WITHSCORES, whichever protocol version answers."""
    if raw and isinstance(raw[0], (list, tuple)):
        return [(name, mark) for name, mark in raw]
    return list(zip(raw[::2], raw[1::2], strict=True)) if raw else []


def _touched(member: bytes, mark: Any) -> Touched:
    name = member.decode()
    return Touched(name.removeprefix("@"), name.startswith("@"), int(float(mark)))
