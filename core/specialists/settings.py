"""Settings of the language models. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ProviderSettings(BaseModel):
    """One OpenAI-compatible server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="default", description="How health pages and receipts call it.")
    base_url: str | None = Field(default=None, description="Empty: the vendor's own address.")
    api_key: SecretStr | None = Field(
        default=None, description="Empty: a server that asks for none."
    )
    model: str = Field(default="gpt-4o-mini", description="Used when a specialist names no model.")
    price_in: float = Field(default=0.0, ge=0, description="Money for a million tokens read.")
    price_out: float = Field(default=0.0, ge=0, description="Money for a million tokens written.")


class ModelSettings(BaseModel):
    """Which servers are asked, in order of preference, and how long each may be silent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: tuple[ProviderSettings, ...] = Field(
        default=(), description="In order of preference. None: the engine works without a model."
    )
    temperature: float = Field(
        default=0.2, ge=0, le=2, description="How freely the model words its answers."
    )
    max_tokens: int = Field(default=800, ge=16, description="The longest answer of one model call.")
    max_steps: int = Field(default=6, ge=1, le=8, description="Model calls in one turn.")
    turn_tokens: int = Field(
        default=24_000,
        ge=1000,
        description="Tokens read and written in one turn before it must answer.",
    )
    connect_seconds: float = Field(default=5.0, gt=0, description="To reach a model server.")
    first_chunk_seconds: float = Field(
        default=10.0, gt=0, description="From the request to its first piece."
    )
    next_chunk_seconds: float = Field(
        default=8.0, gt=0, description="The longest pause inside an answer."
    )
    findings_role: Literal["system", "user"] = Field(
        default="system",
        description="Role of the message with the passages; `user` for servers that take no system "
        "message after the first.",
    )
    attempts: int = Field(
        default=2,
        ge=1,
        le=5,
        description="Tries of one call over all servers, within the turn's deadline.",
    )
    retry_seconds: float = Field(
        default=0.5, ge=0, description="The pause before trying a server again."
    )
    breaker_failures: int = Field(
        default=3, ge=1, description="Failures in a row after which a server is left alone."
    )
    breaker_seconds: float = Field(default=30.0, gt=0, description="How long it is left alone.")
