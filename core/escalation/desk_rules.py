"""What the desk promises and when it is reminded, as data: the table `[desk]`.

Above: `rules`, `clocks`, `duties`, Slack's routes. Below: pydantic. All minutes are counted within
the desk's hours; 0 turns off what a comment of the shipped file says can be turned off.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Priority = Literal["low", "medium", "high", "urgent"]
_TRAITS = ("specialist", "language", "priority", "tier", "reason")
_CHANNEL = r"^[CG][A-Z0-9]{2,30}$"


class DeskRoute(BaseModel):
    """Cases of these traits go to this Slack channel; a trait that is not named may be any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(pattern=_CHANNEL)
    specialist: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    priority: tuple[Priority, ...] = ()
    tier: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()

    @field_validator(*_TRAITS, mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class ResolutionMinutes(BaseModel):
    """Within how many open minutes a case is to be resolved, by priority; 0: no such clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urgent: int = Field(default=240, ge=0)
    high: int = Field(default=480, ge=0)
    medium: int = Field(default=1440, ge=0)
    low: int = Field(default=2880, ge=0)


class TicketReplyMinutes(BaseModel):
    """Within how many open minutes a ticket gets its first reply, by priority; 0: no such clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urgent: int = Field(default=30, ge=0)
    high: int = Field(default=60, ge=0)
    medium: int = Field(default=240, ge=0)
    low: int = Field(default=480, ge=0)


class DeskRules(BaseModel):
    """Clocks, reminders, what the customer is told, and where cases go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    remind_at: float = Field(
        default=0.75, gt=0, lt=1, description="Share of a clock after which people are reminded."
    )
    ladder_minutes: int = Field(
        default=10, ge=1, description="From one step of the ladder to the next, once it broke."
    )
    raise_priority: bool = Field(default=True, description="The ladder's last step does that.")
    lead: str = Field(default="", max_length=120, description="Who is asked at its second step.")
    lead_channel: str = Field(
        default="", pattern=rf"^$|{_CHANNEL}", description="Slack channel of the second step."
    )
    resolution_minutes: ResolutionMinutes = ResolutionMinutes()
    ticket_reply_minutes: TicketReplyMinutes = TicketReplyMinutes()
    idle_minutes: int = Field(
        default=15, ge=0, description="A customer waits so long for who has it: a reminder."
    )
    return_minutes: int = Field(
        default=120, ge=0, description="And so long: the AI goes on. 0: never."
    )
    untaken_minutes: int = Field(
        default=5, ge=1, description="Nobody took it for so long: the customer is told."
    )
    offer_email: bool = Field(default=True, description="Offer to answer by email then.")
    quiet_days: int = Field(
        default=7, ge=0, description="A customer is silent so long: the case is closed. 0: never."
    )
    promise_hours: int = Field(
        default=24, ge=1, description="When a promise is due that names no time."
    )
    promise_ahead_minutes: int = Field(
        default=30, ge=0, description="How long before it is due people are reminded of it."
    )
    duty_hours: float = Field(
        default=12, gt=0, le=168, description="Who goes on duty is off by itself after so long."
    )
    routes: tuple[DeskRoute, ...] = ()
    fallback: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _returns_after_reminding(self) -> Self:
        if self.return_minutes and self.return_minutes <= self.idle_minutes:
            raise ValueError("return_minutes must be more than idle_minutes, or 0")
        return self
