"""Where a turn keeps what it has done, so that another worker can go on from there.

Above: `worker` (in the store), rehearsals and tests (in memory). Below: `core.ports`.
"""

from __future__ import annotations

from typing import Any

from core.conversation import Claim
from core.errors import LeaseLost
from core.ports import Log


class LogSteps:
    """`StepJournal` in the store, under the lease of a claim."""

    def __init__(self, log: Log, claim: Claim) -> None:
        self._log = log
        self._claim = claim

    async def load(self) -> list[dict[str, Any]]:
        """See `StepJournal`; asks the store only when the head says that there is something."""
        if not self._claim.head.steps:
            return []
        return await self._log.steps(self._claim.conversation)

    async def record(self, step: dict[str, Any]) -> None:
        """See `StepJournal`."""
        if not await self._log.note_step(self._claim, step):
            raise LeaseLost("the lease of the turn is another's")


class MemorySteps:
    """`StepJournal` of one process: for a conversation without a store."""

    def __init__(self, steps: list[dict[str, Any]] | None = None) -> None:
        self.steps = steps if steps is not None else []

    async def load(self) -> list[dict[str, Any]]:
        """See `StepJournal`."""
        return list(self.steps)

    async def record(self, step: dict[str, Any]) -> None:
        """See `StepJournal`."""
        self.steps.append(step)
