"""An act that waits for a person, as a value. Above: the desk, REST, turns. Below: customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from core.customers.records import ActionResult, Subject
from core.messages import Frozen

Decision = Literal["approve", "reject"]
# `approved`, `rejected`: decided, not carried out yet; `settled`: carried out, with its result.
ApprovalStatus = Literal["waiting", "approved", "rejected", "settled"]


class Approval(Frozen):
    """One stored call: exactly this is done when a person says yes.

    `key` is that of the call which asked; `facts` are what the person is shown beside the
    arguments. `announced_at`: the conversation was told of the outcome.
    """

    id: str
    subject: Subject
    tool: str
    arguments: dict[str, Any]
    facts: dict[str, str] = Field(default_factory=dict[str, str])
    key: str
    status: ApprovalStatus = "waiting"
    asked_at: datetime
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str | None = None
    result: ActionResult | None = None
    announced_at: datetime | None = None
