"""Who has proved to be the customer of a conversation, and from where: one atomic step each.

Above: `core.identity.verifying`, the doors that open links. Below: `calls`, `keys`, `scripts`.
"""

from __future__ import annotations

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys
from core.conversation import place_name
from core.ids import ConversationId
from core.messages import Address


class StoredProofs:
    """Implements `core.identity.verifying.Proofs`. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def prove(
        self, conversation: ConversationId, place: Address, *, contact: str, email: str, level: int
    ) -> int:
        """From now on the conversation is this contact's, read and written from this place and
        those that links lead to from here. The sequence of it; 0: there is no such conversation."""
        return await self._run(conversation, place, contact, level, email, "")

    async def admit(self, conversation: ConversationId, place: Address, *, sealed: int) -> bool:
        """This place too. False: somebody proved something else since."""
        return bool(await self._run(conversation, place, "", 0, "", str(sealed)))

    async def _run(
        self, conversation: ConversationId, place: Address, contact: str, level: int, email: str,
        only_at: str,
    ) -> int:  # fmt: skip
        bare = place.model_copy(update={"thread": None})
        return await self._calls.script(
            scripts.PROVE,
            [ConversationKeys.of(conversation).head],
            [
                place_name(bare), bare.model_dump_json(exclude_defaults=True), contact, level,
                email, only_at,
            ],
        )  # fmt: skip
