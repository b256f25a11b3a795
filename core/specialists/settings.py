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
    small_model: str | None = Field(
        default=None, description="A smaller model, which answers when a budget runs low."
    )
    small_price_in: float = Field(default=0.0, ge=0, description="Its price of reading.")
    small_price_out: float = Field(default=0.0, ge=0, description="Its price of writing.")
    tools: Literal["auto", "native", "envelope"] = Field(
        default="auto",
        description="How tools are called: by the server's own means, or as JSON in the text; "
        "auto finds out.",
    )


class BudgetSettings(BaseModel):
    """What models may cost beyond one turn; 0 is no limit. Money is in the currency of the prices.

    Counted before a call by an estimate and corrected after it. When a limit comes near, the
    smaller model answers; when it is reached, the answer comes without a model; the receipt says
    which limit it was. Who is not proved to be anybody has limits of their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn_money: float = Field(default=0.0, ge=0, description="Money for one turn.")
    conversation_tokens: int = Field(
        default=5_000_000, ge=0, description="Tokens for one conversation."
    )
    conversation_money: float = Field(default=0.0, ge=0, description="Money for one conversation.")
    hour_tokens: int = Field(
        default=2_000_000, ge=0, description="Tokens for one contact within an hour."
    )
    hour_money: float = Field(
        default=0.0, ge=0, description="Money for one contact within an hour."
    )
    visitor_tokens: int = Field(
        default=300_000,
        ge=0,
        description="Tokens for one visitor whose identity is not proved, within an hour.",
    )
    visitor_money: float = Field(default=0.0, ge=0, description="Money for them within an hour.")
    visitor_conversation_tokens: int = Field(
        default=1_000_000, ge=0, description="Tokens for one conversation with such a visitor."
    )
    small_from: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="The share of a limit from which on the smaller model answers.",
    )
    day_tokens: int = Field(default=0, ge=0, description="Tokens for all within a day (UTC).")
    day_money: float = Field(default=0.0, ge=0, description="Money for all within a day (UTC).")


class HearingSettings(BaseModel):
    """Voice notes of customers, written down by the model server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: bool = Field(
        default=True,
        description="Voice notes are transcribed when there is a model server; else customers are "
        "asked to write.",
    )
    model: str = Field(default="whisper-1", description="The server's model for speech.")
    seconds: float = Field(default=20.0, gt=0, le=120, description="Deadline of hearing one note.")
    max_bytes: int = Field(
        default=10_000_000, ge=1_000, description="The largest note that is heard."
    )


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
    budget: BudgetSettings = Field(default_factory=lambda: BudgetSettings.model_validate({}))
    hearing: HearingSettings = Field(default_factory=lambda: HearingSettings.model_validate({}))
    history_tokens: int = Field(
        default=8_000,
        ge=500,
        description="Tokens of one request for its prompt, what was said and what was found; the "
        "oldest words are left out first.",
    )
    result_characters: int = Field(
        default=6_000, ge=500, description="The longest tool result that is kept and shown."
    )
    consult_seconds: float = Field(default=8.0, gt=0, description="Deadline of asking a colleague.")
    consult_tokens: int = Field(default=6_000, ge=500, description="Tokens of asking a colleague.")
    consult_steps: int = Field(
        default=3, ge=1, le=8, description="Model calls of asking a colleague."
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

    @property
    def small_model(self) -> str | None:
        """The smaller model of the first server that has one."""
        return next((item.small_model for item in self.providers if item.small_model), None)
