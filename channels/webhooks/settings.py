"""Settings of outgoing webhooks. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WebhookSettings(BaseModel):
    """How other systems are told of what happens here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    private_hosts: str = Field(
        default="",
        description="Hosts of the company's own network (separated by commas) that webhooks may "
        "reach, also over http; all others must be public and https.",
    )
    timeout_seconds: float = Field(
        default=15.0, gt=0, description="How long a receiver may take to answer."
    )
    at_once: int = Field(default=8, ge=1, description="Requests that run side by side.")

    @property
    def hosts(self) -> list[str]:
        """The private hosts, one by one."""
        return [name.strip() for name in self.private_hosts.split(",") if name.strip()]
