"""Settings of the web doors: widget and REST share one server. Above: the composition root."""

from __future__ import annotations

import re
from ipaddress import ip_network

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from channels.callers import Network
from channels.floods.settings import FloodSettings
from core.conversation import Policy, Turnpike

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@?#]+\Z", re.IGNORECASE)


class WebSettings(BaseModel):
    """The server of widget and API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_origins: str = Field(
        default="",
        description="Origins of sites that may embed the widget, separated by commas; * for any. "
        "The gateway's own origin is always allowed.",
    )
    identity_secret: SecretStr | None = Field(
        default=None, description="Checks the identity tokens that the host site signs (HS256)."
    )
    burst_policy: Policy = Field(
        default="adaptive", description="How messages in quick succession become one turn."
    )
    burst_window_seconds: float = Field(
        default=0.8, ge=0, description="Pause after a message that does not read finished."
    )
    burst_cap_seconds: float = Field(default=3.0, ge=0, description="Longest such pause in all.")
    messages_per_second: float = Field(
        default=100.0, gt=0, description="One visitor's or token's lasting rate; bursts may be 20×."
    )
    refused_per_minute: int = Field(
        default=300, ge=1, description="Requests with a bad token that one network address may "
        "make in a minute, in all processes together; then it is told to wait.",
    )  # fmt: skip
    sockets_per_address: int = Field(
        default=200, ge=1, description="Open widget sockets of one network address."
    )

    floods: FloodSettings = Field(default_factory=lambda: FloodSettings.model_validate({}))
    trusted_proxies: str = Field(
        default="", description="Addresses or networks of reverse proxies in front of the gateway, "
        "separated by commas: their X-Forwarded-For is believed when callers are told apart.",
    )  # fmt: skip

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, text: str) -> str:
        for origin in _parts(text):
            if origin != "*" and not _ORIGIN.match(origin):
                raise ValueError(
                    f"{origin!r} is no origin: say scheme and host, such as https://shop.example.com"
                )
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, text: str) -> str:
        _networks(text)
        return text

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The trusted proxies."""
        return _networks(self.trusted_proxies)

    @property
    def origins(self) -> frozenset[str]:
        """The allowed origins, each once."""
        return frozenset(_parts(self.allowed_origins))

    @property
    def turnpike(self) -> Turnpike:
        """How bursts are gathered."""
        return Turnpike(
            policy=self.burst_policy,
            window_seconds=self.burst_window_seconds,
            cap_seconds=self.burst_cap_seconds,
        )


def _parts(text: str) -> list[str]:
    return [part.strip().rstrip("/") for part in text.split(",") if part.strip()]


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip())
