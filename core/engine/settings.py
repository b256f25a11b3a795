"""Settings of the engine. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineSettings(BaseModel):
    """How turns are run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: Literal["full", "echo"] = Field(
        default="full",
        description="`echo` answers with the customer's own words: a loopback for load tests.",
    )
    turn_seconds: float = Field(
        default=30.0,
        gt=1,
        le=60,
        description="Deadline of one turn; the answer without a model is in time.",
    )
    drafts: bool = Field(
        default=True,
        description="Suggest an answer to each message of a customer whom a person looks after.",
    )
    draft_seconds: float = Field(
        default=15.0,
        gt=0,
        le=60,
        description="How long the language model may take for one; then it is the best passage.",
    )
    look_seconds: float = Field(
        default=8.0,
        gt=0,
        description="Deadline of triage and of each search of the knowledge base.",
    )
    return_word: Literal["open", "always", "never"] = Field(
        default="open",
        description="When people give a conversation back, tell the customer that the assistant "
        "is there again: `open`: if they wait for an answer or something is still to be done.",
    )
    survey: bool = Field(
        default=True,
        description="Ask how it was, once, when a person closes a case.",
    )
    languages: tuple[str, ...] = Field(
        default=("en", "cs", "ru", "de", "es"),
        min_length=1,
        description="Languages that are answered in.",
    )
    default_language: str = Field(
        default="en", description="When neither message nor conversation tells."
    )
    keep_share: float = Field(
        default=0.95,
        gt=0.5,
        lt=1,
        description="Share of in-scope messages that triage must not turn away.",
    )
    second_opinion: bool = Field(
        default=True,
        description="Ask the language model, if there is one, about messages triage is unsure of.",
    )
    second_opinion_seconds: float = Field(
        default=2.5, gt=0, le=20, description="Deadline of that question."
    )
    passages: int = Field(
        default=5, ge=1, le=20, description="Passages looked at for each question."
    )
    window: int = Field(default=50, ge=2, le=200, description="Earlier entries that a turn sees.")
    read_level: int = Field(
        default=1,
        ge=1,
        le=3,
        description="How well customers must be identified to see their own data: 1 proved by the "
        "channel, 2 signed in on the company's page, 3 a one-time code.",
    )
    write_level: int = Field(
        default=2,
        ge=1,
        le=3,
        description="How well they must be identified to change orders and ask for money.",
    )
    cache_answers: int = Field(
        default=4_096,
        ge=0,
        le=1_000_000,
        description="How many answers to repeated questions are kept; 0: none. Only of those that "
        "used nothing but public knowledge.",
    )
    cache_hours: float = Field(
        default=24.0, gt=0, le=720, description="How long such an answer is kept."
    )
    brief_seconds: float = Field(
        default=1.5,
        ge=0,
        le=10,
        description="How long a turn waits for what the company's systems know of a customer: "
        "tier, last orders, tickets, earlier conversations. 0: they are not asked beforehand.",
    )
    brief_kept_seconds: float = Field(
        default=60.0, ge=0, description="How long that is remembered."
    )
    reload_seconds: float = Field(
        default=2.0, gt=0, description="How often the specialists' files are looked at for changes."
    )
