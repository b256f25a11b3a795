"""The turn of a conversation, with the names of its person known to the masks.

Above: the worker. Below: another `TurnRunner`, `model`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.conversation import Claim, TurnCommit
from core.engine.runner import DeltaSink, TurnRunner
from core.ports import StepJournal
from core.privacy.masking.finding import Known, Mode
from core.privacy.masking.model import masks_of


class MaskingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(self, turn: TurnRunner, mode: Mode) -> None:
        self._turn = turn
        self._mode: Mode = mode

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        with masks_of(claim.conversation, self._mode, known_of(claim)):
            return await self._turn.run(claim, deltas, steps)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.apologise(claim, error)


def known_of(claim: Claim) -> Known:
    """The customer's names and addresses, as far as the conversation has them."""
    said = (entry.author for entry in (*claim.history, *claim.entries))
    names = [author.name for author in said if author.role == "customer" and author.name]
    names += list(_facts(claim.state, "name"))
    return Known(
        names=tuple(dict.fromkeys(names)),
        addresses=tuple(dict.fromkeys(_facts(claim.state, "address"))),
    )


def _facts(state: dict[str, Any], kind: str) -> Iterator[str]:
    memory: dict[str, Any] = state.get("memory") or {}
    for fact in memory.get("facts") or ():
        if fact.get("kind") == kind and isinstance(fact.get("value"), str):
            yield fact["value"]
