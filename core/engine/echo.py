"""The loopback engine: says the customer's words back. For load tests of everything around it.

Above: the worker, when `SWITCHBOARD_ENGINE__TURN=echo`. Below: nothing: no embeddings, no
knowledge, no model, no history.
"""

from __future__ import annotations

from core.conversation import Claim, TurnCommit
from core.engine.asked import read_asked
from core.engine.changes import with_changes
from core.engine.runner import DeltaSink
from core.ids import reply_entry_id
from core.messages import Author, EntryBody
from core.ports import StepJournal

_AUTHOR = Author(role="ai", specialist="echo")


class EchoTurn:
    """Implements `TurnRunner`."""

    @property
    def window(self) -> int:
        """It needs no history."""
        return 0

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """One entry with the words of everything new."""
        asked = read_asked(with_changes(claim))
        if asked.is_empty or claim.head.owner != "ai":
            return TurnCommit(state=claim.state)
        return self._say(claim, asked.text, asked.messages[-1].seq if asked.messages else None)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return self._say(claim, type(error).__name__, None)

    def _say(self, claim: Claim, text: str, in_reply_to: int | None) -> TurnCommit:
        entry = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen),
            author=_AUTHOR,
            text=text,
            in_reply_to=in_reply_to,
        )
        return TurnCommit(entries=(entry,), state=claim.state)
