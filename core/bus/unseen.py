"""What customers of a page have seen, and what climbs to another place because they have not.

Above: the page's gateway, `channels.climbing`. Below: `calls`, `keys`, `scripts`. Every method is
one atomic step, so that two who look after the same conversation send it on once.
"""

from __future__ import annotations

from core.bus import scripts
from core.bus.calls import Arg, Calls
from core.bus.keys import (
    ConversationKeys,
    ready_key,
    scheduled_key,
    shard_names,
    unseen_key,
)
from core.ids import ConversationId
from core.messages import Address

_AT_ONCE = 100


class Unseen:
    """The marks of all conversations."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shard_names(shards)

    async def note_seen(self, conversation: ConversationId, seq: int) -> bool:
        """The customer has what was said up to here before their eyes. True if that is news."""
        keys = ConversationKeys.of(conversation)
        names = [keys.head, unseen_key(keys.shard), scheduled_key(keys.shard)]
        return bool(await self._calls.script(scripts.SEEN, names, [conversation, seq]))

    async def due(self, *, before_ms: int) -> list[ConversationId]:
        """Conversations with a word that nobody has seen since then (the store's clock)."""
        found: list[ConversationId] = []
        for shard in self._shards:
            raw = await self._calls.command(
                "ZRANGE", unseen_key(shard), "-inf", before_ms, "BYSCORE", "LIMIT", 0, _AT_ONCE
            )
            found += [ConversationId(item.decode()) for item in raw or ()]
        return found

    async def now_ms(self) -> int:
        """The store's clock."""
        raw = await self._calls.command("TIME")
        return int(raw[0]) * 1000 + int(raw[1]) // 1000

    async def climb(
        self, conversation: ConversationId, to: Address, *, after: int, newest: int, said: int
    ) -> bool:
        """What came after `after` goes to this address, with `newest` as the last word that was
        not seen. `said` is the last that was said, also if it goes nowhere. False: it was seen,
        more was said meanwhile, or another did it."""
        place = to.model_dump_json(exclude_defaults=True)
        return await self._climb(conversation, place, to.channel, after, newest, said)

    async def let_be(self, conversation: ConversationId, *, said: int) -> bool:
        """There is no place where it could go; the next word may find one. With 0 as the last that
        was said: there is no such conversation."""
        return await self._climb(conversation, "", "", 0, said, said)

    async def put_off(self, conversation: ConversationId) -> None:
        """As if its first word had been said now: others come first."""
        key, now = unseen_key(ConversationKeys.of(conversation).shard), await self.now_ms()
        await self._calls.command("ZADD", key, "XX", now, conversation)

    async def come_home(self, conversation: ConversationId) -> bool:
        """What was unseen was told elsewhere; from now on the customer's own place counts again."""
        keys = ConversationKeys.of(conversation)
        names = [keys.head, scheduled_key(keys.shard)]
        return bool(await self._calls.script(scripts.HOME, names, [conversation]))

    async def note_email(self, conversation: ConversationId, email: str) -> None:
        """Remember an address that the host's page vouches for (`Head.email`)."""
        await self._note(conversation, "email", email)

    async def note_level(self, conversation: ConversationId, level: int) -> None:
        """How well it is known who writes there now (`Head.level`)."""
        await self._note(conversation, "level", level)

    async def _note(self, conversation: ConversationId, field: str, value: Arg) -> None:
        head = ConversationKeys.of(conversation).head
        await self._calls.script(scripts.NOTE_HEAD, [head], [field, value])

    async def _climb(
        self, conversation: ConversationId, place: str, channel: str, after: int, newest: int,
        said: int,
    ) -> bool:  # fmt: skip
        keys = ConversationKeys.of(conversation)
        names = [
            keys.head, unseen_key(keys.shard), ready_key(keys.shard, f"deliver:{channel}"),
            scheduled_key(keys.shard),
        ]  # fmt: skip
        args: list[Arg] = [conversation, place, channel, after, newest, said]
        return bool(await self._calls.script(scripts.CLIMB, names, args))
