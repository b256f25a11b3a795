"""Settings of what is learned from people. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class ReportSettings(BaseModel):
    """The weekly report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: bool = Field(
        default=True, description="Make a report each week, and post it to the desk's channel."
    )
    weekday: Weekday = Field(default="monday", description="The day of the report.")
    hour: int = Field(default=8, ge=0, le=23, description="The hour of that day.")
    time_zone: str = Field(default="UTC", description="Where it is that hour: Europe/Prague.")

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError(f"{name!r} is no time zone") from error
        return name
