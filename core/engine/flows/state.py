"""How far a flow has come, saved in the state of the engine, and what one step of it gives.

Above: `dialogue`, `core.engine.state`. Below: pydantic, the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from core.engine.plain import Draft
    from core.specialists.tools.base import Bench

FlowName = Literal["order_status", "cancel_order", "change_address", "request_refund"]
Slot = Literal["number", "email", "address", "reason"]
_MOST_RESTED = 2
# A flow that changes something, and the tool of the same name that does it after a yes.
WRITES: frozenset[FlowName] = frozenset({"cancel_order", "change_address", "request_refund"})


class FlowState(BaseModel):
    """`asked` is the slot we asked for last, `attempts` how often in vain, `wrong` how many
    numbers were none of the customer's; `choices` are the numbers offered as buttons. A flow that
    is `done` only lends what it knows to the next one; `rests` are the turns since."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: FlowName
    number: str | None = None
    email: str | None = None
    address: str | None = None
    reason: str | None = None
    amount: str | None = None
    asked: Slot | None = None
    choices: tuple[str, ...] = ()
    attempts: int = 0
    rests: int = 0
    wrong: int = 0
    done: bool = False

    def rested(self) -> FlowState | None:
        """What is left of it behind a turn that was about something else: an order that was looked
        up is still meant by "it" for a while."""
        if not self.done or self.rests >= _MOST_RESTED:
            return None
        return self.model_copy(update={"rests": self.rests + 1})


@dataclass(frozen=True)
class FlowStep:
    """What the customer is told, and what is kept. On the bench are the ledger, the count of failed
    identifications, and the write that waits for a yes: its question is put under the draft.
    `language` is set when the message's own does not count: a street has no language."""

    draft: Draft
    flow: FlowState | None
    bench: Bench
    language: str | None = None
