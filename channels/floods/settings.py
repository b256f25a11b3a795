"""Settings of what newcomers must show during a flood.

Above: `channels.settings`. Below: pydantic.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class FloodSettings(BaseModel):
    """Below these figures nobody is asked for anything. They count new anonymous conversations of
    the last minute, in this process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_address: int = Field(
        default=60, ge=0, description="Of one network address, until a proof is asked; 0: no limit."
    )
    per_site: int = Field(default=600, ge=0, description="Of one site that embeds the widget.")
    in_all: int = Field(default=1_200, ge=0, description="Of everybody.")
    local: bool = Field(
        default=False,
        description="Count callers of this machine itself, too: its own programs, and who comes "
        "through a proxy on it that is not among the trusted ones.",
    )
    bits: int = Field(
        default=15, ge=1, le=28,
        description="How hard the proof is at first: each bit doubles the work (15 is a moment).",
    )  # fmt: skip
    most_bits: int = Field(
        default=21, ge=1, le=28, description="How hard it gets at most, as the flood rises."
    )
    seconds: int = Field(default=180, ge=10, le=3_600, description="How long a challenge is good.")
    captcha_url: str | None = Field(
        default=None,
        description="Address of a captcha service that verifies answers (siteverify); then its "
        "captcha is asked for instead of work.",
    )
    captcha_secret: SecretStr | None = Field(default=None, description="Its secret key.")
    captcha_site_key: str = Field(default="", description="Its public key, told to pages.")
    captcha_seconds: float = Field(default=5.0, gt=0, le=30, description="Deadline of asking it.")
