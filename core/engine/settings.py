"""Settings of the engine. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineSettings(BaseModel):
    """How turns are run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: Literal["full", "echo"] = Field(
        default="full",
        description="`echo` answers with the customer's own words: a loopback for load tests.",
    )
    turn_seconds: float = Field(
        default=30.0,
        gt=1,
        le=60,
        description="Deadline of one turn; the answer without a model is in time.",
    )
    look_seconds: float = Field(
        default=8.0,
        gt=0,
        description="Deadline of triage and of each search of the knowledge base.",
    )
    languages: tuple[str, ...] = Field(
        default=("en", "cs", "ru", "de", "es"),
        min_length=1,
        description="Languages that are answered in.",
    )
    default_language: str = Field(
        default="en", description="When neither message nor conversation tells."
    )
    keep_share: float = Field(
        default=0.95,
        gt=0.5,
        lt=1,
        description="Share of in-scope messages that triage must not turn away.",
    )
    passages: int = Field(
        default=5, ge=1, le=20, description="Passages looked at for each question."
    )
    window: int = Field(default=50, ge=2, le=200, description="Earlier entries that a turn sees.")
    reload_seconds: float = Field(
        default=2.0, gt=0, description="How often the specialists' files are looked at for changes."
    )
