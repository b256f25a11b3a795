"""The log with what lies behind it: conversations that left the store come back when needed.

Above: everybody who has a `Log`. Below: `log`, `snapshot`, `restoring`. Whoever first asks
for a conversation that is not here brings it back, whole and in one step; who comes second finds it
here. Entries older than those brought back are read from the archive, and never stored again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from core.bus.addresses import lead
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys, address_key
from core.bus.lines import line_of
from core.bus.lives import read_sign
from core.bus.log import RedisLog
from core.bus.restoring import ERASED, REPEATS, restore
from core.bus.snapshot import Vault
from core.conversation import Accepted, Head, Turnpike
from core.errors import BusUnavailable, NotFound
from core.ids import ConversationId, is_conversation_id
from core.messages import Address, Entry, InboundEvent

_log = structlog.get_logger("reload")
_LOOK_SECONDS = 0.05
_LOOKS = 60


class ReloadingLog(RedisLog):
    """`RedisLog`, and the archive behind it once there is one."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        super().__init__(calls, shards=shards)
        self._vault: Vault | None = None
        # Set while what a lost store held is not all back (`rebuild`).
        self.rebuilding = False

    def keep_in(self, vault: Vault) -> None:
        """From now on, look there for what is not here."""
        self._vault = vault

    async def find(self, address: Address) -> ConversationId | None:
        """See `core.ports.Log.find`. While a store that lost everything is rebuilt, the archive
        knows where addresses led."""
        found = await super().find(address)
        if found is not None or self._vault is None or await self._is_whole():
            return found
        key = address_key(address, self._shards)
        before = await self._vault.find_address(key)
        if before is None:
            return None
        await lead(self._calls, key, before, note=False)
        return await super().find(address)

    async def accept(
        self, event: InboundEvent, *, turnpike: Turnpike | None = None, finished: bool = True,
        only_at: int | None = None,
    ) -> Accepted:  # fmt: skip
        """See `core.ports.Log.accept`."""
        how: Any = {"turnpike": turnpike, "finished": finished, "only_at": only_at}
        try:
            return await super().accept(event, **how)
        except NotFound:
            if not await self.bring_back(event.conversation):
                raise
        return await super().accept(event, **how)

    async def head(self, conversation: ConversationId) -> Head:
        """See `core.ports.Log.head`."""
        try:
            return await super().head(conversation)
        except NotFound:
            if not await self.bring_back(conversation):
                raise
        return await super().head(conversation)

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 500
    ) -> list[Entry]:
        """See `core.ports.Log.entries`. What the store no longer has comes from the archive."""
        after = max(after, 0)
        found = await super().entries(conversation, after=after, limit=limit)
        if self._vault is None or (found and found[0].seq == after + 1):
            return found
        if not found and not await self._is_gone(conversation):
            return found
        older = await self._vault.entries(conversation, after=after, limit=limit)
        first = found[0].seq if found else None
        older = [entry for entry in older if first is None or entry.seq < first]
        return [*older, *found][:limit]

    async def receipt(self, conversation: ConversationId, seq: int) -> dict[str, Any] | None:
        """See `core.ports.Log.receipt`."""
        found = await super().receipt(conversation, seq)
        if found is None and self._vault is not None:
            return await self._vault.receipt(conversation, seq)
        return found

    async def bring_back(self, conversation: ConversationId) -> bool:
        """Put a conversation back that was taken out. False: there never was one."""
        vault = self._vault
        if vault is None or not is_conversation_id(conversation):
            return False
        snapshot = await vault.find_snapshot(conversation)
        if snapshot is not None and not snapshot.left:
            await self._await_new_life()
            snapshot = await vault.find_snapshot(conversation)
        if snapshot is None:
            return False
        entries = await vault.last_entries(conversation, limit=REPEATS)
        if snapshot.left:
            await vault.note_back(conversation)
        done = await restore(self._calls, snapshot, [line_of(entry) for entry in entries])
        if done == ERASED:
            return False
        if done < 0:
            raise BusUnavailable("a newer state of this conversation is being written down")
        if done:
            _log.info("conversation_back", conversation=conversation, lost=not snapshot.left)
        return True

    async def _is_whole(self) -> bool:
        """False from the moment the store lost anything until all of it is back."""
        if self.rebuilding:
            return False
        sign = await read_sign(self._calls)
        return sign.incarnation is not None and sign.is_judged

    async def _await_new_life(self) -> None:
        """A store that lost everything is looked at within a second (`rebuild`). Before that the
        archive may still be writing what it read from the lost one."""
        for _ in range(_LOOKS):
            if (await read_sign(self._calls)).life is not None:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise BusUnavailable("the store lost what it held, and nobody rebuilds it")

    async def _is_gone(self, conversation: ConversationId) -> bool:
        """True if nothing of it is in the store: it may be in the archive."""
        return not await self._calls.command("EXISTS", ConversationKeys.of(conversation).head)
