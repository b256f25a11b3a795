"""Settings of a CRM over HTTP. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class CrmSettings(BaseModel):
    """Where customers and orders are, if not in our own tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        default=None,
        description="The CRM's address (https://crm.example.com/api); empty: our own tables.",
    )
    api_key: SecretStr | None = Field(default=None, description="Sent as a bearer token.")
    deadline_seconds: float = Field(
        default=6.0, gt=0, description="How long a turn waits for it, all tries together."
    )
    kept_seconds: float = Field(
        default=30.0, ge=0, description="How long what it said is remembered."
    )

    console_url: str | None = Field(
        default=None,
        description="Address of the console (https://support.example.com/console): lines in the "
        "history of customers then have a link to their conversation.",
    )

    @field_validator("url", "console_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// inside your own network)")
        return url.rstrip("/") if url else None
