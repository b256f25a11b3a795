"""Settings of memory. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MemorySettings(BaseModel):
    """How long conversations stay at hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: float = Field(
        default=7.0,
        gt=0,
        description="A conversation in which nothing happened for so long leaves the session bus; "
        "its next word brings it back from the archive.",
    )
