"""What the worker asks of whoever answers a turn.

Above: `worker`, which claims, calls `run`, and commits. Below: `turn` and `echo`, which serve it.
"""

from __future__ import annotations

from typing import Protocol

from core.conversation import Claim, TurnCommit
from core.ports import StepJournal


class DeltaSink(Protocol):
    """Where the pieces of an answer in the making go; ids, parts and attempts are its business."""

    async def send(self, text: str) -> None:
        """Show one more piece of the answer."""
        ...

    def reset(self) -> None:
        """What was shown so far is void; the next piece begins a new attempt."""
        ...


class TurnRunner(Protocol):
    """Answers what a claim shows."""

    @property
    def window(self) -> int:
        """How many earlier entries it wants as `claim.history`; 0 spares reading them."""
        ...

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """One turn, within the turn's deadline; `steps` is what it did before a crash, and where
        it notes what it does. Raises only when even the fallback fails, or `LeaseLost`."""
        ...

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """The last word on a claim that failed too often: an apology, without any outside part."""
        ...
