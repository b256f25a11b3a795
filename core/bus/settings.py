"""Settings of the session bus. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class BusSettings(BaseModel):
    """Where conversations live and how patient the house is with its readers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr | None = Field(
        default=None,
        description="Redis 7+ or Valkey: redis://, rediss://, unix://. Empty: an embedded server.",
    )
    cluster: bool = Field(default=False, description="The URL names a node of a Redis Cluster.")
    data_dir: Path = Field(default=Path("data"), description="Folder of the embedded server.")
    shards: int = Field(
        default=8,
        ge=1,
        le=99,
        description="Hash tags the conversations are spread over; fixed once data exists.",
    )
    fsync: Literal["everysec", "always"] = Field(
        default="everysec", description="How the embedded server flushes its append-only file."
    )
    lease_seconds: float = Field(
        default=8.0,
        gt=0,
        description="A reader silent for so long has lost its conversation.",
    )
    timeout_seconds: float = Field(default=5.0, gt=0, description="Deadline of one call.")
    attempts: int = Field(
        default=5,
        ge=1,
        description="Failures of one wake-up before it is a dead letter.",
    )
    slots: int = Field(default=256, ge=1, description="Conversations worked on at once.")
    journal_days: float = Field(
        default=7.0, gt=0, description="How long the journal is kept when nobody follows it."
    )
    journal_most: int = Field(
        default=2_000_000,
        ge=1_000,
        description="Records the journal keeps for an archive that is away. The oldest beyond that "
        "are dropped, with an alarm; conversations keep their words, and the archive has them told "
        "again when it is back.",
    )
