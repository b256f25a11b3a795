"""Settings of one-time codes. Above: `config.settings`, `verifying`. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ProofSettings(BaseModel):
    """One-time codes by mail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digits: int = Field(default=6, ge=6, le=10, description="Length of a code.")
    minutes: float = Field(default=10.0, gt=0, le=60, description="So long it is good.")
    tries: int = Field(default=5, ge=1, le=10, description="Wrong codes before it is void.")
    per_address_hour: int = Field(default=3, ge=1, description="Codes to one address in an hour.")
    per_conversation_hour: int = Field(
        default=5, ge=1, description="Codes for one conversation in an hour."
    )
    per_hour: int = Field(default=300, ge=1, description="Codes in an hour, for all together.")
