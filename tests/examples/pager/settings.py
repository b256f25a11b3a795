"""Settings of the pager. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class PagerSettings(BaseModel):
    """The account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr | None = Field(default=None, description="Token of the pager account.")
    url: str = Field(default="https://pager.example", description="Where the service is.")

    @property
    def is_configured(self) -> bool:
        """True if there is an account."""
        return self.token is not None
