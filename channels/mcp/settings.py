"""Settings of the MCP server. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

_OWN = ("127.0.0.1", "localhost", "[::1]")


class McpSettings(BaseModel):
    """The door for assistants at `/mcp`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Serve MCP at /mcp (a desk token opens it).")
    hosts: str = Field(
        default="",
        description="Names (host or host:port, separated by commas) under which /mcp may be asked, "
        "beside this machine's own: a guard against DNS rebinding.",
    )
    origins: str = Field(
        default="", description="Web pages (https://host) that may ask /mcp; others are refused."
    )

    @property
    def allowed_hosts(self) -> list[str]:
        """With those of this machine."""
        return [*(f"{name}:*" for name in _OWN), *_listed(self.hosts)]

    @property
    def allowed_origins(self) -> list[str]:
        """With pages of this machine: a token is asked of them like of everybody."""
        return [*(f"http://{name}:*" for name in _OWN), *_listed(self.origins)]


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
