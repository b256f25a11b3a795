"""Settings of tickets. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TicketSettings(BaseModel):
    """What opens tickets, and what opens them again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reopen_days: int = Field(
        default=30, ge=0, description="A customer's reply opens a ticket again for so many days "
        "after it was done; later it opens a new one that is linked to the old. 0: always new.",
    )  # fmt: skip
    mail: Literal["never", "people", "always"] = Field(
        default="people", description="When a mail opens a ticket by itself: never, when people "
        "are called to its conversation, or always.",
    )  # fmt: skip
