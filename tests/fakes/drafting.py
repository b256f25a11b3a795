"""The loopback engine that drafts while a person has the conversation.

Above: the tests of the desk's doors. Below: `core.engine.echo`.
"""

from __future__ import annotations

from core.conversation import Claim, TurnCommit
from core.engine.echo import EchoTurn
from core.engine.runner import DeltaSink
from core.ids import reply_entry_id
from core.messages import Author, EntryBody
from core.ports import StepJournal


class DraftingTurn(EchoTurn):
    """Echoes as itself, and as a draft once people have it."""

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """A draft for the customer's last message."""
        asked = [entry for entry in claim.entries if entry.author.role == "customer"]
        if claim.head.owner != "human" or not asked:
            return await super().run(claim, deltas, steps)
        draft = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen), kind="draft",
            author=Author(role="ai"), text=f"Draft: {asked[-1].text}", in_reply_to=asked[-1].seq,
        )  # fmt: skip
        return TurnCommit(entries=(draft,), state=claim.state)
