"""The turn of somebody we know: their facts are brought along from earlier conversations.

Above: the worker. Below: another `TurnRunner`, `core.memory.carrying`.
"""

from __future__ import annotations

from core.conversation import Claim, TurnCommit
from core.engine.runner import DeltaSink, TurnRunner
from core.memory.carrying import Receipts, carry_over
from core.ports import StepJournal


class CarryingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(self, turn: TurnRunner, receipts: Receipts) -> None:
        self._turn = turn
        self._receipts = receipts

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.run(await carry_over(claim, self._receipts), deltas, steps)

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.apologise(claim, error)
