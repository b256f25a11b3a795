"""Dead letters: wake-ups that were given up after too many failures.

Above: back-office commands. Below: `calls`, `keys`. A dead letter names the entries whose answer
or delivery failed; a replay lets the reader try them again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys, dead_key, ready_key, scheduled_key, shard_names
from core.bus.records import moment, pair
from core.errors import NotFound
from core.ids import ConversationId


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Entries `after < seq <= seen` of this conversation failed for this reader."""

    id: str
    conversation: str
    reader: str
    stream: str
    after: int
    seen: int
    error: str
    at: datetime


class DeadLetters:
    """Lists and replays the dead letters of all shards. Ids look like `03:1795236458629-0`."""

    def __init__(
        self, calls: Calls, *, shards: int, fetch: Callable[[ConversationId], Awaitable[object]]
    ) -> None:
        """`fetch` brings a conversation back into the store that was taken out of it."""
        self._calls = calls
        self._fetch = fetch
        self._shards = shard_names(shards)

    async def list(self, *, limit: int = 100) -> list[DeadLetter]:
        """The newest first."""
        letters: list[DeadLetter] = []
        for shard in self._shards:
            raw = await self._calls.command("XREVRANGE", dead_key(shard), "+", "-", "COUNT", limit)
            letters += [_letter(shard, identifier, flat) for identifier, flat in raw or ()]
        return sorted(letters, key=lambda letter: letter.at, reverse=True)[:limit]

    async def replay(self, letter: DeadLetter) -> None:
        """Try again. Raises `NotFound` if the letter or its conversation is gone."""
        await self._fetch(ConversationId(letter.conversation))
        keys = ConversationKeys.of(letter.conversation)
        names = [
            keys.head,
            ready_key(keys.shard, letter.stream),
            scheduled_key(keys.shard),
            dead_key(keys.shard),
            keys.sends,
        ]
        identifier = letter.id.partition(":")[2]
        done = await self._calls.script(
            scripts.REPLAY,
            names,
            [letter.reader, letter.conversation, letter.after, identifier, letter.seen],
        )
        if not done:
            raise NotFound("no such dead letter")


def _letter(shard: str, identifier: bytes, flat: object) -> DeadLetter:
    raw = pair(flat)
    return DeadLetter(
        id=f"{shard}:{identifier.decode()}",
        conversation=raw[b"c"].decode(),
        reader=raw[b"r"].decode(),
        stream=raw[b"w"].decode(),
        after=int(raw[b"f"]),
        seen=int(raw[b"s"]),
        error=raw[b"e"].decode(),
        at=moment(raw[b"t"]),
    )
